/** What stands in a stored text where a secret stood: `store/` writes it, nobody learns to say it. */
export const secretMark = /<secret:[a-z0-9-]{1,40}>/;
