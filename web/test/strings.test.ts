import { Words } from "../component/strings.ts";
import { equal, test } from "./harness.ts";

/** Which kind of space it is differs between browsers. */
const spaces = (text: string): string => text.replace(/\s/g, " ");

test("numbers and sizes that are written by hand are those of Intl", () => {
  for (const language of ["en", "en-US", "en-GB", "de", "de-DE", "fr", "fr-FR", "es", "es-ES"]) {
    const words = new Words(language);
    const numbers = new Intl.NumberFormat(language);
    for (const n of [0, 1, 7, 42, 999, 1000, 4964, 123_456, 1.5, -3]) equal(words.number(n), numbers.format(n), `${n} in ${language}`);
    const sizes = new Intl.NumberFormat(language, { style: "unit", unit: "megabyte", minimumFractionDigits: 1, maximumFractionDigits: 1 });
    for (const bytes of [0, 1, 49_999, 50_000, 250_000, 9_437_184, 27_262_976, 999_900_000, 999_960_000, 1_234_567_890]) {
      equal(spaces(words.size(bytes)), spaces(sizes.format(bytes / 1e6)), `${bytes} bytes in ${language}`);
    }
  }
});

test("other languages have Intl's numbers", () => {
  equal(new Words("ar-EG").number(12), new Intl.NumberFormat("ar-EG").format(12), "Arabic digits");
  equal(new Words("de-CH").size(1_500_000), new Intl.NumberFormat("de-CH", { style: "unit", unit: "megabyte", minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(1.5), "a Swiss size");
  equal(new Words("es-MX").number(12), "12", "a Mexican number");
});
