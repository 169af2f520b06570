/**
 * Whether a comment is friendly: praise and blame counted by a short word list that anyone can read
 * and argue with. No model, no grammar beyond a negation just before; where it does not know, it says 0.
 */

const praise = new Set(
  `amazing awesome best brilliant clean clear concise correct elegant excellent exactly fantastic
  fine good great handy helpful impressive like love lovely neat nice perfect readable right smart
  solid super thank thanks useful well wonderful works yes 👍 😀 🙂 😍 ❤ 🎉 👏`.split(/\s+/),
);
const blame = new Set(
  `annoying awful bad broken bug buggy confusing dislike fail fails garbage hate horrible incorrect
  inefficient insecure irrelevant messy misleading nonsense outdated poor rubbish silly slow stupid
  terrible ugly unreadable unsafe useless verbose worse worst wrong 👎 🙁 😡 😠 💩`.split(/\s+/),
);
const negations = new Set(
  `cannot hardly isnt never no nor not without arent cant didnt doesnt dont wasnt wont`.split(' '),
);
/** Words after a negation that it turns around: "not a good idea". */
const negationReach = 3;

/** -1 (all blame) to 1 (all praise); 0 for a comment without either. */
export function tone(comment: string): number {
  // "don't" counts as one word, with or without its apostrophe.
  const words =
    comment
      .toLowerCase()
      .replace(/['’]/g, '')
      .match(/[\p{L}\p{N}]+|\p{Emoji}/gu) ?? [];
  let friendly = 0;
  let unfriendly = 0;
  let negatedUntil = -1;
  words.forEach((word, index) => {
    const isPraise = praise.has(word);
    if (isPraise || blame.has(word)) {
      if (isPraise === index > negatedUntil) friendly++;
      else unfriendly++;
      negatedUntil = -1;
    } else if (negations.has(word)) {
      negatedUntil = index + negationReach;
    }
  });
  const opinions = friendly + unfriendly;
  return opinions === 0 ? 0 : (friendly - unfriendly) / opinions;
}
