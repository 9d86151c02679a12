// Makes Orama's index of passages: node orama.mjs PASSAGES INDEX. The file is what Orama's own save()
// gives, as JSON: a page loads it by load().
import { createReadStream, renameSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { insertMultiple, save } from "@orama/orama";
import { open } from "./orama-index.mjs";

const [, , passages, index] = process.argv;
const documents = [];
for await (const line of createInterface({ input: createReadStream(passages) })) documents.push(JSON.parse(line));
const db = open();
await insertMultiple(db, documents, 1000);
writeFileSync(`${index}.new`, JSON.stringify(save(db)));
renameSync(`${index}.new`, index);
