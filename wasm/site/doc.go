// Package site makes and reads the search bundle of a site: a folder of static
// files from which a browser fetches only those that a query needs. It writes the
// bundle (Write) and holds the reference reader (Open), which the reader for
// browsers is tested against.
//
// # Files
//
// index.json, the Manifest, is the only file whose name never changes. All others
// are called by the first 32 hex digits of the SHA-256 of their content and ".bin",
// so that they may be cached for ever; each is one gzip stream of one of the forms
// below. Integers are little-endian. In the forms
//
//	uv    an unsigned number of at most 32 bits in LEB128
//	str   a UTF-8 string after its number of bytes (uv)
//	ref   another file: 16 bytes of name, stored bytes (uv), uncompressed bytes (uv)
//	f32   an IEEE float of 32 bits
//	gap   of an ascending list: number - previous number - 1 (uv), previous starting
//	      at -1
//
// Pages and passages are numbered from 0 in the order of Content; the passages of a
// page are consecutive. A first query by keyword reads the manifest, the directory,
// one term shard for every word and the passage shards of its hits; by meaning the
// vector file and the nearest clusters besides.
//
//	directory       magic "EFFIRSD1"
//	                pages (uv), passages (uv)
//	                per page: its number of passages (uv), at least 1
//	                number of term shards (uv); per shard: ref, its lowest term (str),
//	                ascending
//	                number of passage shards (uv); per shard: ref, its number of
//	                passages (uv), at least 1
//
//	term shard      magic "EFFIRST1"
//	                number of terms (uv); per term, in byte order: bytes shared with
//	                the term before (uv, 0 for the first), the rest (str), passages
//	                that hold it (uv), passages listed (uv), bytes of its postings (uv)
//	                per term its postings: per listed passage its gap, then per listed
//	                passage its impact (a byte, 1 to 255)
//
//	passage shard   magic "EFFIRSP1"
//	                number of pages (uv), those that the shard's passages belong to;
//	                per page: URL, title, language, image (str each); number of meta
//	                fields (uv), key and value of each (str); number of related pages
//	                (uv, at most 6), their page numbers (uv), best first
//	                number of passages (uv); per passage: heading, anchor, text (str)
//
//	vector file     magic "EFFIRSV1"
//	                dims (uv), passages (uv), clusters (uv), bits (uv: 4 or 8)
//	                within (f32)
//	                per cluster: reach (f32)
//	                per cluster: scale (f32); per cluster: dims int8: the mean of its
//	                members as index.Quantise gives it
//	                per cluster: ref of its file, its number of members (uv)
//	                per passage: low byte of its cluster; then, if there are more than
//	                256, per passage: high byte of its cluster
//
//	cluster file    magic "EFFIRSW1"
//	                number of members (uv); per member: gap of its passage number
//	                per member: scale (f32)
//	                per member: vector minus centroid, in units of scale. 8 bits: dims
//	                int8, none -128. 4 bits: two dimensions a byte, the lower one in
//	                the low half; a half n stands for 2n - 15
//
//	filter file     magic "EFFIRSF1"
//	                number of values (uv); per value, in byte order: the value (str),
//	                number of runs (uv), per run of consecutive pages: pages since the
//	                run before (uv), pages in it (uv), at least 1
//
//	sort file       magic "EFFIRSO1"
//	                number of pages (uv); per page: its rank (uv) by the key's value,
//	                from 1, equal values sharing one; 0 without a value. Values are
//	                compared as numbers if all are, else by their bytes
//
// Shards hold consecutive terms or passages and are closed when they reach 12 KiB,
// uncompressed. A page whose passages lie in
// several shards is described in each. A term in more than 16384 passages lists
// those with the highest impacts, among equal ones the first.
//
// Behind the terms stand the lists of wide prefixes, of two characters and more, in
// shards of the same form: the term is U+10FFFF and the prefix, its passages are
// those of the 64 terms with the prefix that are in most passages, the prefix itself
// left out, its impacts the largest of theirs, its df the number of these passages.
// It lists 1024 of them, chosen as above.
//
// # Keyword ranking
//
// Text becomes terms as in package index; Document says what a passage is found by.
// With n passages, of which df hold a term, a passage's score is the sum over the
// query's terms, in the order in which they first appear, of
//
//	(count idf(n, df)) (impact / 255)
//
// in float32, each parenthesis and each product rounded, where impact is
// 255 tf / (tf + norm), see index.Builder.Impacts, rounded half to even, at least 1.
// While a query is being typed, its last word stands at half weight for the terms
// that it is a prefix of, in the shard that would hold it as a term (the first one if
// it is below all) and, if that begins with the prefix too, the next one. A passage's
// impact is then the largest of these terms', df the number of passages that are
// listed for any, but not below the df of one. At most 64 terms count, those in most
// passages. Terms of the query itself are left out. If terms with the prefix go on
// beyond these two shards, the prefix is wide, and its list takes their place. If there is no term with the prefix at all, what follows the
// word's last '.' or '_' is completed instead; failing that, it stands for the
// longest indexed term that it begins with, of at least 4 bytes, in the shard that
// would hold it.
//
// # Ranking by meaning
//
// Vectors of similar passages share a cluster; up to 1024 passages there is one, and
// the search is exhaustive. Let q be the query's int8 vector and
// part(row) = (dot(q, row) scale of q) scale of row, in float32, the dot product
// exact. The similarity of a cluster's centroid is s = part(centroid), the cosine of
// a member s + part(its difference). Clusters are read in descending order of
// s + reach + 0.2 fit, ties to the lower number, fit being the largest index.Fit of
// their passages among the candidates by keyword, 0 without one. Those that hold no
// passage that the filters allow are left out. Reading ends before the one that would
// bring their stored bytes over 400000; the first one is always read.
//
// # Fusion
//
// The first 100 passages of both rankings (or ten times the limit, if that is more)
// are scored by the formula of retriever.Fuse. Of index.Fit, the weight of a term is
// count idf(n, df), that of completions half their idf. A passage whose cluster was not read
// counts with s of its cluster. If all clusters were read, mean and deviation are
// those of all cosines. Otherwise, in float64, clusters in order,
//
//	mean      = sum of members s / n
//	deviation = sqrt(sum of members (s - mean)^2 / n + within)
//
// # Results
//
// Passages are collected into pages: a page shows its three best among the candidates
// and has the score that retriever.PageScore makes of theirs. Pages are ordered by score, then by
// number; with a sort key by rank first, those without a value last either way. A
// query without words and vector, but with filters or a sort key, finds all pages
// that the filters allow, each by its first passage.
//
// All files are hostile input to the reader: sizes and counts are checked before
// memory is taken, names against content, every number against its range.
package site
