/** Tokens of many makers, put together here so that no file holds one, at places that say nothing of them. */
import { describe, expect, test } from 'vitest';
import { findSecrets, maskSecrets } from '../../../src/store/secrets';

const hex = (length: number) => '0a1b2c3d4e5f6789'.repeat(30).slice(0, length);
const word = (length: number) => 'aB3dE5gH7jK9'.repeat(40).slice(0, length);
const capitals = (length: number) => 'AB3DE5GH7JK2'.repeat(20).slice(0, length);

const tokens: Readonly<Record<string, string>> = {
  'GitLab agent': `glagent-${word(50)}`,
  'GitLab runner': `GR1348941${word(20)}`,
  RubyGems: `rubygems_${hex(48)}`,
  Artifactory: `AKCp${word(69)}`,
  Pulumi: `pul-${hex(40)}`,
  'AWS Bedrock': `ABSK${word(120)}`,
  'AWS context': `ACCA${capitals(16)}`,
  Alibaba: `LTAI${word(20)}`,
  Databricks: `dapi${hex(32)}`,
  Heroku: `HRKU-AA${word(58)}`,
  'fly.io': `fo1_${word(43)}`,
  Doppler: `dp.pt.${word(43)}`,
  'HashiCorp Vault': `hvs.${word(95)}`,
  'HashiCorp Terraform': `${word(14)}.atlasv1.${word(64)}`,
  OpenShift: `sha256~${word(43)}`,
  PlanetScale: `pscale_pw_${word(43)}`,
  'Azure AD': `aB3${'8'}Q~${word(34)}`,
  age: `AGE-SECRET-KEY-1${capitals(58)}`,
  Perplexity: `pplx-${word(48)}`,
  SendGrid: `SG.${word(66)}`,
  Twilio: `SK${hex(32)}`,
  Square: `EAAA${word(60)}`,
  Shopify: `shpat_${hex(32)}`,
  Grafana: `glsa_${word(32)}_${hex(8)}`,
  'Sentry user': `sntryu_${hex(64)}`,
  Dynatrace: `dt0c01.${capitals(24)}.${capitals(64)}`,
  Postman: `PMAK-${hex(24)}-${hex(34)}`,
  Notion: `ntn_${'12345678901'}${word(35)}`,
  Airtable: `pat${word(14)}.${hex(64)}`,
  Linear: `lin_api_${word(40)}`,
};

describe.each(Object.entries(tokens))('a token of %s', (_, token) => {
  test.each([`connect("${token}");`, `x = ['${token}', 1]`, `value: ${token}\n`])(
    'is masked in %#',
    async (text) => {
      expect(await maskSecrets(text)).not.toContain(token.slice(8, -4));
    },
  );
});

const password = 'Tr0ub' + '4dor3xyz';

test.each([
  `pass: ${password}`,
  `db_pass=${password}`,
  `$dbpass = '${password}';`,
  `<password>${password}</password>`,
  `<add key="DbPassword" value="${password}"/>`,
  `machine example.org login ann password ${password}`,
  `ENV MYSQL_ROOT_PASSWORD ${password}`,
  `ansible_ssh_pass: ${password}`,
  `kind: Secret\nmetadata:\n  name: db\ndata:\n  other: ${password}==`,
  `password = "x" + "${password}"`,
  `postgres://ann:pa/${password}@db`,
  `sshpass -p ${password} ssh db`,
  `mysql -u ann -p${password} shop`,
  `curl -u ann:${password} https://example.org`,
])('a password is masked in %j', async (text) => {
  expect(await maskSecrets(text)).not.toContain(password);
});

test.each([
  'const pass: string = read();',
  'function pass(value: number) {}',
  'if (pass === 3) return sk_;',
  'https://localhost:8080/package@2',
  'kind: Deployment\nmetadata:\n  name: deployment',
  'const SKIP = true; const apiVersion = 2;',
  'mysql -u ann shop',
])('nothing is masked in %j', async (text) => {
  expect(await findSecrets(text)).toEqual([]);
});
