import "./local.test.ts";
import "./search.test.ts";
import "./team.test.ts";
import "./weights.test.ts";
export { names, runOne } from "./harness.ts";
