declare const EFFIR_BUILD: string | undefined;

/**
 * Names the build that this script is of, and with it the worker and the modules
 * that belong to it; "" where they were not made together, as in tests. The files
 * keep their names from build to build, so that after an update a browser may have
 * some of the old ones in its cache: the name in their addresses keeps builds
 * apart, and what comes of another one all the same is refused.
 */
export const BUILD: string = typeof EFFIR_BUILD === "string" ? EFFIR_BUILD : "";

/** SECTION of a module holds the build that it belongs to. */
export const SECTION = "effir build";

/** fileOf returns the address of a file of this build in a folder. */
export function fileOf(name: string, folder: string | URL): URL {
  const url = new URL(name, folder);
  if (BUILD) url.searchParams.set("v", BUILD);
  return url;
}

/** isOther says whether a file tells of another build than this one. */
export function isOther(build: string | undefined, own = BUILD): boolean {
  return own !== "" && build !== own;
}

/** otherBuild is what to do about it. */
export function otherBuild(file: string | URL): string {
  return `${String(file)} is of another version than the page's script, most likely since the site was updated: load the page again; if this stays, upload all files of the folder together, or with the npm package its own worker and modules`;
}
