// The tokenizers library of Hugging Face.
import { Tokenizer } from "tokenizers";
import { serve } from "../peer/serve.mjs";

let tokenizer, texts;

await serve({
  open: ({ file, texts: list }) => {
    tokenizer = Tokenizer.fromFile(file);
    tokenizer.disablePadding();
    tokenizer.disableTruncation();
    texts = list;
  },
  // batch spreads the texts over as many threads as RAYON_NUM_THREADS allows.
  batch: async () => {
    const start = performance.now();
    const encoded = await tokenizer.encodeBatch(texts, { addSpecialTokens: false });
    const seconds = (performance.now() - start) / 1000;
    return { seconds, tokens: encoded.reduce((sum, e) => sum + e.getLength(), 0) };
  },
});
