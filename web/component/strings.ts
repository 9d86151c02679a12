import { ar } from "./strings/ar.ts";
import { de } from "./strings/de.ts";
import { en } from "./strings/en.ts";
import { es } from "./strings/es.ts";
import { fr } from "./strings/fr.ts";

/** A text for each plural category that a language has; "{n}" stands for the number. */
export type Plural = { other: string } & Partial<Record<Intl.LDMLPluralRule, string>>;

/** Every word that the component says. Words in braces are filled in. */
export interface Strings {
  /** Name of the field, of the dialog and of its button. */
  search: string;
  placeholder: string;
  clear: string;
  close: string;
  /** Name of the list. */
  results: string;
  count: Plural;
  /** {query} */
  nothing: string;
  nothingYet: string;
  preparing: string;
  byWords: string;
  byBoth: string;
  byMeaning: string;
  /** {loaded}, {total}: sizes with their unit */
  loading: string;
  starting: string;
  /** A button, where a slow or metered connection holds the model back. */
  loadMeaning: string;
  meaningFailed: string;
  failed: string;
  retry: string;
  filters: string;
  removeFilters: string;
  /** {n} more values of a filter */
  more: string;
  fewer: string;
  /** {n}: place in the ranking by words, by meaning */
  wordRank: string;
  meaningRank: string;
  /** Hints below the dialog's list, each behind its key. */
  keyMove: string;
  keyOpen: string;
  keyClose: string;
  /** Names of filter keys, where the key itself should not be shown. */
  names: Record<string, string>;
}

const languages: Record<string, Strings> = { ar, de, en, es, fr };

const rightToLeft = new Set(["ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"]);

interface Plain {
  /** Between a number's digits before and after the comma. */
  point: string;
  /** Megabytes, behind a number. */
  unit: string;
}

/**
 * How small numbers and sizes are written, by hand: the first Intl.NumberFormat
 * of a page takes browsers 10 milliseconds and more, in one piece. Other languages
 * and larger numbers are left to it, when they come.
 */
const plain: Record<string, Plain> = {};
for (const [tags, point, unit] of [["en en-US en-GB", ".", " MB"], ["de de-DE", ",", "\u00a0MB"], ["fr fr-FR", ",", "\u202fMo"], ["es es-ES", ",", "\u00a0MB"]] as const) {
  for (const tag of tags.split(" ")) plain[tag] = { point, unit };
}

/** Words fills in the strings of one language. */
export class Words {
  /** The language of the strings, which may be another one than was asked for. */
  readonly language: string;
  readonly direction: "ltr" | "rtl";
  readonly strings: Strings;
  private readonly plain: Plain | undefined;
  private plurals: Intl.PluralRules | undefined;
  private numbers: Intl.NumberFormat | undefined;
  private sizes: Intl.NumberFormat | undefined;

  /** A language that is not built in speaks English where `own` has no string. */
  constructor(tag: string, own: Partial<Strings> = {}) {
    const base = (tag.toLowerCase().split("-")[0] ?? "") || "en";
    const known = languages[base];
    this.language = known || own.search ? supported(tag) : "en";
    this.direction = rightToLeft.has(base) && this.language !== "en" ? "rtl" : "ltr";
    this.strings = { ...(known ?? en), ...own };
    this.plain = plain[this.language];
  }

  fill(text: string, values: Record<string, string | number>): string {
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
      const value = values[name];
      return value === undefined ? whole : typeof value === "number" ? this.number(value) : value;
    });
  }

  plural(forms: Plural, n: number): string {
    this.plurals ??= new Intl.PluralRules(this.language);
    return this.fill(forms[this.plurals.select(n)] ?? forms.other, { n });
  }

  number(n: number): string {
    if (this.plain && Number.isInteger(n) && n >= 0 && n < 1000) return String(n);
    return (this.numbers ??= new Intl.NumberFormat(this.language)).format(n);
  }

  /** size writes bytes as megabytes. */
  size(bytes: number): string {
    const size = bytes / 1e6;
    if (this.plain && size < 999.9) return size.toFixed(1).replace(".", this.plain.point) + this.plain.unit;
    return (this.sizes ??= new Intl.NumberFormat(this.language, { style: "unit", unit: "megabyte", minimumFractionDigits: 1, maximumFractionDigits: 1 })).format(size);
  }
}

/** readStrings reads the attribute "strings", a JSON object; what cannot be read changes nothing. */
export function readStrings(text: string | null): Partial<Strings> {
  if (text === null) return {};
  try {
    return JSON.parse(text) as Partial<Strings>;
  } catch (thrown) {
    console.error(`effir-search: the attribute strings is not JSON (${(thrown as Error).message})`);
    return {};
  }
}

/** supported returns a tag that Intl accepts. */
function supported(tag: string): string {
  try {
    return Intl.getCanonicalLocales(tag)[0] ?? "en";
  } catch {
    return tag.toLowerCase().split("-")[0]?.match(/^[a-z]{2,3}$/)?.[0] ?? "en";
  }
}
