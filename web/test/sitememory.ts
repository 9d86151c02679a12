import { MemoryIndex } from "../src/site/index.ts";

interface Document {
  id: string;
  title: string;
  text: string;
  vector?: number[];
}

interface Found {
  id: string;
  score: number;
  keywordRank: number;
  semanticRank: number;
}

/** See sitememory_test.go. */
interface Stage {
  name: string;
  add: Document[];
  remove: string[] | null;
  queries: { text: string; typing: boolean; vector?: number[]; hits: Found[] }[];
}

/** compare does what the stages say and returns where the index's answers differ from Go's, before and after it was stored. */
export async function compare(file: string): Promise<{ Compared: number; Differences: string[] }> {
  const stages = (await (await fetch(file)).json()) as Stage[];
  const differences: string[] = [];
  let compared = 0;
  let index = new MemoryIndex();
  const ask = (what: string, { queries }: Stage): void => {
    for (const { hits: wanted, vector, ...query } of queries) {
      const found = index.search({ ...query, vector: vector && Float32Array.from(vector) });
      const hits = found.map(({ id = "", score, keywordRank, semanticRank }): Found => ({ id, score, keywordRank, semanticRank }));
      const [got, want] = [JSON.stringify(hits), JSON.stringify(wanted)];
      if (got !== want) differences.push(`${what}, ${JSON.stringify(query)}: got ${got} want ${want}`);
      compared++;
    }
  };
  for (const stage of stages) {
    index.remove(stage.remove ?? []);
    index.add(stage.add);
    const vectors = new Map(stage.add.map(({ id, vector }) => [id, vector]));
    for (const passage of index.pending(Infinity)) {
      const vector = vectors.get(passage.document.id);
      if (vector) index.setVector(passage, Float32Array.from(vector));
    }
    ask(stage.name, stage);
    index = MemoryIndex.restore(index.serialise());
    ask(`${stage.name}, restored`, stage);
  }
  return { Compared: compared, Differences: differences.slice(0, 10) };
}
