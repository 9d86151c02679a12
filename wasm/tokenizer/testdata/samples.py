"""Seeded strings for comparing tokenizers: written, synthesised and random text."""
import unicodedata

# Sentences written for this file, in many scripts and languages.
SENTENCES = """
The quick model reads a page, finds the passage and shows where it stands.
She'd said they've done it; I'm sure you'll agree we're late, but that's life, isn't it?
It costs $1,234.56 (about €1.100,00) and weighs 3½ kg at 20°C, i.e. ≈68°F.
Der Schlüssel liegt übrigens immer noch unter der Fußmatte, sagte Jürgen.
Où est passé l'élève qui n'a pas rendu son cœur à l'ouvrage ? « Là-bas », dit-on.
El niño comió piñas y después cantó: ¿quién sabe cuándo volverá la cigüeña?
Não há razão para não voltar amanhã; a avó já fez o pão e o café.
Zażółć gęślą jaźń, a potem wróć do domu przed północą.
Příliš žluťoučký kůň úpěl ďábelské ódy v hlubokém lese.
Árvíztűrő tükörfúrógép hever a földön.
Pijamalı hasta yağız şoföre çabucak güvendi; İstanbul'da ışık söndü.
Съешь ещё этих мягких французских булок, да выпей же чаю.
Їжак і ґава живуть у лісі під старим дубом.
Ξεσκεπάζω την ψυχοφθόρα βδελυγμία κάθε πρωί.
דג סקרן שט בים מאוכזב ולפתע מצא לו חברה.
يبحث القارئ عن الفقرة المناسبة في الصفحة، ثم يجدها بسرعة.
متن فارسی با نیم‌فاصله نوشته می‌شود.
खोज का इंजन सही अनुच्छेद को तुरंत ढूँढ लेता है।
বাংলা ভাষায় লেখা একটি ছোট বাক্য এখানে আছে।
தமிழில் எழுதப்பட்ட ஒரு சிறிய வாக்கியம்.
తెలుగులో ఒక చిన్న వాక్యం ఇక్కడ ఉంది.
ภาษาไทยไม่มีช่องว่างระหว่างคำ จึงต้องตัดคำให้ถูกต้อง
ພາສາລາວກໍຄືກັນ ບໍ່ມີຊ່ອງວ່າງ
မြန်မာစာဖြင့် ရေးထားသော ဝါကျတစ်ကြောင်း။
ភាសាខ្មែរមានអក្សរច្រើន។
搜索引擎在几秒钟内找到了正确的段落,并标明了出处。
吾輩は猫である。名前はまだ無い、とでも書いておこうか。カタカナとひらがな。
검색 엔진이 알맞은 문단을 금방 찾아 줍니다.
ქართული ენა ლამაზია და ძველი.
Հայերեն լեզուն ունի իր սեփական այբուբենը։
ሰላም ለዓለም ይሁን፤ ዛሬ ጥሩ ቀን ነው።
Tiếng Việt có nhiều dấu thanh: ngã, hỏi, nặng, sắc, huyền.
𝒜 mathematician wrote ∀x∈ℝ: ⌈x⌉ = −⌊−x⌋, α ∧ ¬β ⊢ γ and ∑ᵢ₌₁ⁿ i² ≤ n³.
👩‍👩‍👧‍👦 went to 🇨🇭 with 👍🏽 and ❤️‍🔥, then 🏴󠁧󠁢󠁳󠁣󠁴󠁿 and 1️⃣2️⃣3️⃣!
""".strip().split("\n")

CODE = r"""
func (t *Tokenizer) Encode(dst []int32, text string) []int32 {\n\tfor i := range text {\n\t\tdst = append(dst, int32(i))\n\t}\n\treturn dst\n}
if (a !== b && c >= 0x1F) { return `${a}/${b}?q=${encodeURIComponent(c)}`; } // done
def f(x, *args, **kw):\n    \"\"\"Doc.\"\"\"\n    return {k: v ** 2 for k, v in kw.items() if k not in args}\n
SELECT id, COUNT(*) AS n FROM t WHERE name LIKE '%o''brien%' GROUP BY 1 HAVING n > 10;
#include <stdio.h>\n\nint main(void) {\n  printf("%d\\n", 42);\n  return 0;\n}\n
<a href="https://example.org/x?y=1&amp;z=2#frag" class='b c'>it's</a><br/>
{"key": [1, 2.5e-10, null, true], "nested": {"a\\u00e9": "\\n"}}
for f in *.txt; do echo "$f" | sed -e 's/\\./_/g' >> out.log 2>&1; done
let x: Vec<Option<&'a str>> = vec![None; 10]; // 'static
E = m * c ** 2;;; ---- ==== //// \\\\\\\\ ....... !!! ??? ___
""".strip().split("\n")
CODE = [line.replace("\\n", "\n").replace("\\t", "\t") for line in CODE]

SPACES = [chr(c) for c in range(0x3001) if chr(c).isspace()] + [" "] * 20 + ["\n"] * 6 + ["\t", "\r\n"] * 3
# Where sampling finds letters, marks, digits, symbols and what is not assigned.
RANGES = [
    (0x00, 0x80), (0x80, 0x250), (0x250, 0x530), (0x530, 0x900), (0x900, 0x1200), (0x1200, 0x2000),
    (0x2000, 0x2C00), (0x2C00, 0x3400), (0x3400, 0xA000), (0xA000, 0xD800), (0xE000, 0x10000),
    (0x10000, 0x11000), (0x11000, 0x12000), (0x12000, 0x1D000), (0x1D000, 0x1F000),
    (0x1F000, 0x20000), (0x20000, 0x32400), (0x32400, 0x110000),
]
DIGITS = [chr(c) for c in range(0x20000) if unicodedata.category(chr(c))[0] == "N"]
QUOTES = ["'", "'", "'", "’", "''", "ʼ", "`", '"']
ENDINGS = ["s", "t", "re", "ve", "m", "ll", "d", "S", "T", "RE", "Ve", "M", "lL", "D", "ſ", "r", "v", "l", "x", "é", "1", " ", ""]


class Samples:
    """Makes strings; the same seed and tokenizer give the same ones."""

    def __init__(self, rng, tokenizer, longest):
        self.rng, self.longest = rng, longest
        self.added = [t.content for t in tokenizer.get_added_tokens_decoder().values()]
        self.vocabulary = sorted(tokenizer.get_vocab())
        self.decode = tokenizer.decoder.decode
        self.makers = [
            (10, self.sentence), (10, self.code), (8, self.characters), (6, self.mixture), (4, self.numbers),
            (6, self.spaces), (6, self.contractions), (4, self.emoji), (8, self.random_bytes),
            (4, self.with_added), (1, self.pathological), (8, self.tokens), (3, self.normal_forms), (3, self.names),
        ]

    def __iter__(self):
        makers = [m for weight, m in self.makers for _ in range(weight)]
        while True:
            yield self.rng.choice(makers)()

    def character(self):
        low, high = self.rng.choice(RANGES)
        return chr(self.rng.randrange(low, high))

    def piece(self):
        words = self.rng.choice(SENTENCES).split(" ")
        at = self.rng.randrange(len(words))
        return " ".join(words[at : at + self.rng.randint(1, 4)])

    def sentence(self):
        s = " ".join(self.rng.choice(SENTENCES) for _ in range(self.rng.randint(1, 3)))
        low = self.rng.randrange(len(s))
        s = s[low : low + self.rng.randint(1, 300)]
        return self.rng.choice([s, s, s, s.upper(), s.title(), s.replace(" ", ""), s.replace(" ", "  ")])

    def code(self):
        s = "\n".join(self.rng.choice(CODE) for _ in range(self.rng.randint(1, 4)))
        low = self.rng.randrange(len(s))
        return s[low : low + self.rng.randint(1, 300)]

    def characters(self):
        low, high = self.rng.choice(RANGES)
        return "".join(chr(self.rng.randrange(low, high)) for _ in range(self.rng.randint(1, 40)))

    def mixture(self):
        parts = [self.character, self.piece, lambda: self.rng.choice(SPACES), lambda: self.rng.choice(DIGITS),
                 lambda: chr(self.rng.randrange(33, 127))]
        return "".join(self.rng.choice(parts)() for _ in range(self.rng.randint(1, 30)))

    def numbers(self):
        make = [lambda: str(self.rng.randrange(10 ** self.rng.randint(1, 12))), lambda: self.rng.choice(DIGITS),
                lambda: self.rng.choice([".", ",", " ", "-", "/", ":", "e", "x", "%", " $", "\n", "  "])]
        return "".join(self.rng.choice(make)() for _ in range(self.rng.randint(1, 20)))

    def spaces(self):
        make = [lambda: self.rng.choice(SPACES), lambda: " " * self.rng.randint(1, 9), self.character,
                lambda: self.rng.choice(["a", "1", "!", "'s", "word", "é", "字", "\n\n", "\r\n"])]
        return "".join(self.rng.choice(make)() for _ in range(self.rng.randint(1, 24)))

    def contractions(self):
        return "".join(
            self.rng.choice(["I", "they", " it", "", "!", " ", "9"]) + self.rng.choice(QUOTES) + self.rng.choice(ENDINGS)
            for _ in range(self.rng.randint(1, 8))
        )

    def emoji(self):
        part = lambda: self.rng.choice(
            [chr(self.rng.randrange(0x1F300, 0x1FB00)), "\u200d", "\ufe0f", chr(self.rng.randrange(0x1F3FB, 0x1F400)),
             chr(self.rng.randrange(0x1F1E6, 0x1F200)), "\u20e3", " ", "ok"]
        )
        return "".join(part() for _ in range(self.rng.randint(1, 20)))

    def random_bytes(self):
        b = self.rng.randbytes(self.rng.randint(1, 80))
        return b.decode("utf-8", "replace") if self.rng.random() < 0.5 else b.decode("latin-1")

    def with_added(self):
        part = lambda: self.rng.choice([self.rng.choice(self.added or [""]), self.piece(), " ", "\n", "<", "<|", "|>", "x"])
        s = "".join(part() for _ in range(self.rng.randint(1, 8)))
        if s and self.rng.random() < 0.3:  # damage it
            at = self.rng.randrange(len(s))
            s = s[:at] + s[at + 1 :]
        return s

    def pathological(self):
        unit = self.rng.choice(["a", " ", "\n", "ab", "aab", "1", "!", "'", "'s", "=", "-", "é", "字", "👍", " a", "\u0301", "<", "<|", "\0", "the"])
        length = int(2 ** self.rng.uniform(4, self.longest))
        s = unit * (length // len(unit) + 1)
        return s[:length] + self.rng.choice(["", "", "x", " ", "\n"])

    def tokens(self):
        return self.decode([self.rng.choice(self.vocabulary) for _ in range(self.rng.randint(1, 30))])

    def normal_forms(self):
        return unicodedata.normalize(self.rng.choice(["NFC", "NFD", "NFKC", "NFKD"]), self.sentence())

    def names(self):
        names = (unicodedata.name(self.character(), "") for _ in range(self.rng.randint(1, 6)))
        return self.rng.choice([" ", "-", "\t", "::"]).join(names).lower()
