/**
 * The English stemmer "Porter2" by Martin Porter, after its description at
 * https://snowballstem.org/algorithms/english/stemmer.html, in the edition of
 * 2006. R1 and R2 are kept as their first positions; Y is a y that is a consonant.
 */

/**
 * stem reduces a folded word to its stem. Words with anything but a-z and the
 * apostrophe stay as they are: identifiers with digits and other scripts have
 * no English endings.
 */
export function stem(word: string): string {
  if (word.length < 3 || /[^a-z']/.test(word)) return word;
  const irregular = IRREGULAR.get(word);
  if (irregular !== undefined) return irregular;
  const marked = word.replace(/^'/, "").replace(/^y/, "Y").replace(/([aeiouy])y/g, "$1Y");
  return reduce(marked).replaceAll("Y", "y") || word;
}

const IRREGULAR = new Map<string, string>(
  ("skis:ski skies:sky dying:die lying:lie tying:tie idly:idl gently:gentl ugly:ugli early:earli only:onli singly:singl " +
    "sky: news: howe: atlas: cosmos: bias: andes:").split(" ").map((pair) => {
    const [word, stemmed] = pair.split(":") as [string, string];
    return [word, stemmed || word];
  }),
);
const INVARIANT = /^(?:inning|outing|canning|herring|earring|proceed|exceed|succeed)$/;

// The shortest stretch up to and with a consonant that follows a vowel.
const REGION = /^.*?[aeiouy][^aeiouy]/;
const SHORT_SYLLABLE = /(?:[^aeiouy][aeiouy][^aeiouywxY]|^[aeiouy][^aeiouy])$/;

function reduce(word: string): string {
  const first = /^(?:gener|commun|arsen)/.exec(word) ?? REGION.exec(word);
  const r1 = first ? first[0].length : word.length;
  const second = REGION.exec(word.slice(r1));
  const r2 = second ? r1 + second[0].length : word.length;

  word = plural(word.replace(/'(?:s'?)?$/, ""));
  if (INVARIANT.test(word)) return word;
  word = participle(word, r1).replace(/(.[^aeiouy])[yY]$/, "$1i");
  word = replaceSuffix(word, STEP2, r1, r2);
  word = replaceSuffix(word, STEP3, r1, r2);
  word = replaceSuffix(word, STEP4, r2, r2);
  return final(word, r1, r2);
}

/** plural is step 1a after the apostrophes. */
function plural(word: string): string {
  if (word.endsWith("sses")) return word.slice(0, -2);
  if (/ie[ds]$/.test(word)) return word.slice(0, word.length > 4 ? -2 : -1);
  if (/[us]s$/.test(word)) return word;
  return word.replace(/([aeiouy].+)s$/, "$1");
}

/** participle is step 1b. */
function participle(word: string, r1: number): string {
  const suffix = /(?:eed|ed|ing)(?:ly)?$/.exec(word);
  if (!suffix) return word;
  const base = word.slice(0, suffix.index);
  if (suffix[0].startsWith("eed")) return suffix.index >= r1 ? base + "ee" : word;
  if (!/[aeiouy]/.test(base)) return word;
  if (/(?:at|bl|iz)$/.test(base)) return base + "e";
  if (/(?:bb|dd|ff|gg|mm|nn|pp|rr|tt)$/.test(base)) return base.slice(0, -1);
  return base.length === r1 && SHORT_SYLLABLE.test(base) ? base + "e" : base;
}

/** A step's suffixes: what replaces each, or undefined where it stays. */
interface Step {
  suffixes: RegExp; // the longest one that the word ends in
  replace: (suffix: string, base: string, r2: number) => string | undefined;
}

/** replaceSuffix applies a step to a suffix that begins at or after `region`. */
function replaceSuffix(word: string, step: Step, region: number, r2: number): string {
  const found = step.suffixes.exec(word);
  if (!found || found.index < region) return word;
  const base = word.slice(0, found.index);
  const replaced = step.replace(found[0], base, r2);
  return replaced === undefined ? word : base + replaced;
}

/** table makes a step of "suffixes:replacement" pairs, suffixes that share one divided by commas. */
function table(pairs: string): Map<string, string> {
  return new Map(
    pairs.split(" ").flatMap((pair) => {
      const [suffixes, replacement] = pair.split(":") as [string, string];
      return suffixes.split(",").map((suffix) => [suffix, replacement] as [string, string]);
    }),
  );
}

/** anyOf matches the longest of some suffixes: leftmost is longest at a word's end. */
function anyOf(suffixes: Iterable<string>): RegExp {
  return new RegExp(`(?:${[...suffixes].join("|")})$`);
}

const SECOND = table(
  "tional:tion enci:ence anci:ance abli:able entli:ent izer,ization:ize ational,ation,ator:ate alism,aliti,alli:al " +
    "fulness:ful ousli,ousness:ous iveness,iviti:ive biliti,bli:ble ogi:og fulli:ful lessli:less li:",
);
const STEP2: Step = {
  suffixes: anyOf(SECOND.keys()),
  replace(suffix, base) {
    if (suffix === "ogi" && !base.endsWith("l")) return undefined;
    if (suffix === "li" && !/[cdeghkmnrt]$/.test(base)) return undefined;
    return SECOND.get(suffix);
  },
};

const THIRD = table("tional:tion ational:ate alize:al icate,iciti,ical:ic ful,ness,ative:");
const STEP3: Step = {
  suffixes: anyOf(THIRD.keys()),
  replace: (suffix, base, r2) => (suffix === "ative" && base.length < r2 ? undefined : THIRD.get(suffix)),
};

const STEP4: Step = {
  suffixes: /(?:al|ance|ence|er|ic|able|ible|ant|ement|ment|ent|ism|ate|iti|ous|ive|ize|ion)$/,
  replace: (suffix, base) => (suffix === "ion" && !/[st]$/.test(base) ? undefined : ""),
};

/** final is step 5. */
function final(word: string, r1: number, r2: number): string {
  const at = word.length - 1;
  const base = word.slice(0, at);
  if (word.endsWith("e")) return at >= r2 || (at >= r1 && !SHORT_SYLLABLE.test(base)) ? base : word;
  return word.endsWith("ll") && at >= r2 ? base : word;
}
