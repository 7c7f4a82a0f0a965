"""Runs vector files through verify.py's functions: `verify.py --vectors DIR` and `verify.py --merkle DIR`."""
import base64, hmac, json, pathlib, re, sys

sys.modules.setdefault("verify", sys.modules["__main__"])
import verify as v
from verify import Bad, attempt, need, unhex

def parse_sample(data):
    s = v.decode(data)
    need(v.fits("sample", s) and s.get("supersedes", -1) < s["index"] and ("supersedes" in s or "tombstone" not in s), "")
    return s


def parse_tile_path(path):
    level = "entries|[0-9]|[1-5][0-9]|6[0-3]"
    match = re.fullmatch(rf"tile/({level})/((?:x[0-9]{{3}}/)*[0-9]{{3}})(?:\.p/([1-9][0-9]{{0,2}}))?", path)
    need(match and (match[3] is None or int(match[3]) < 256) and not match[2].startswith("x000/"), "not a tile path")
    index = int(re.sub("[x/]", "", match[2]))
    need(index <= v.MAX_INT, "index")
    return -1 if match[1] == "entries" else int(match[1]), index, int(match[3] or 256)


def parse_entries(data):
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at:at + 2], "big")
        need(at + 2 <= len(data) and end <= len(data), "torn")
        entries.append(data[at + 2:end])
        at = end
    need(1 <= len(entries) <= 256, "1 to 256 records")
    return entries


def derive_salt(key, record_id, field):
    need(len(key) == 32 and v.PATTERNS["id"].fullmatch(record_id) and v.PATTERNS["field"].fullmatch(field), "salt")
    secret = hmac.digest(record_id.encode(), key, "sha256")
    return hmac.digest(secret, b"testigo/salt/v1/" + field.encode() + b"\x01", "sha256")


def root_of(leaves):
    if len(leaves) < 2:
        return leaves[0] if leaves else v.EMPTY_ROOT
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return v.node_hash(root_of(leaves[:k]), root_of(leaves[k:]))


def reads(parse, **facts):
    """A runner: the bytes parse, and what the case states about them is so."""
    def run(c):
        value = parse(unhex(c["bytes"]))
        return all(c[name] == of(value, unhex(c["bytes"])) for name, of in facts.items())
    return run


def run_commitment(c):
    salt, value = unhex(c["salt"]), unhex(c["value"])
    return (derive_salt(unhex(c["subjectKey"]), c["recordId"], c["field"]) == salt
            and v.commit(salt, c["field"], value).hex() == c["commitment"])


def run_evidence(c):
    codes = v.verify(c["bundle"].encode(), c["trust"], c["facts"])
    outcome = v.outcome_of(codes)
    seen = [outcome, v.EXIT_CODES[outcome], sorted(set(codes) - v.VERIFIED)]
    return seen == [c["outcome"], c["exitCode"], c["codes"]] or print(c["name"], codes)


def leaf_of(_, data):
    return v.leaf_hash(data).hex()


def digest_of(_, data):
    return v.sha256(data).hex()


RUN = {
    "canonical": reads(v.decode),
    "records": reads(v.parse_record, type=lambda r, _: r["type"], leafHash=leaf_of),
    "samples": reads(parse_sample, leafHash=leaf_of),
    "models": reads(v.parse_model, modelVersion=digest_of),
    "datasets": reads(v.parse_dataset, digest=digest_of, size=lambda s, _: s["predicate"]["size"],
                      root=lambda s, _: s["subject"][0]["digest"]["rfc6962-sha256"]),
    "entry-bundles": reads(parse_entries, leafHashes=lambda entries, _: [v.leaf_hash(e).hex() for e in entries]),
    "trees": lambda c: root_of([v.leaf_hash(b"leaf %d" % i) for i in range(c["size"])]).hex() == c["root"],
    "inclusion": lambda c: v.is_included(unhex(c["leafHash"]), c["index"], c["size"], [unhex(h) for h in c["proof"]],
                                         unhex(c["root"])),
    "consistency": lambda c: v.is_consistent(c["size1"], c["size2"], unhex(c["root1"]), unhex(c["root2"]),
                                             [unhex(h) for h in c["proof"]]),
    "tile-paths": lambda c: parse_tile_path(c["path"]) == (c["level"], c["index"], c["width"]),
    "checkpoints": lambda c: v.parse_checkpoint(c["body"]) == (c["origin"], c["size"], unhex(c["root"])),
    "notes": lambda c: v.open_note(c["text"], c["verifierKeys"])[1] == c["verifiedBy"],
    "verifier-keys": lambda c: v.parse_verifier_key(c["key"]) == (c["keyName"], c["keyHash"], unhex(c["publicKey"])),
    "signatures": lambda c: v.is_signature(unhex(c["signature"]), unhex(c["message"]), unhex(c["publicKey"])),
    "commitments": run_commitment,
    "envelopes": lambda c: [v.sha256(key).hex() for key in v.open_envelope(
        c["envelope"], c["payloadType"], [unhex(k) for k in c["publicKeys"]])[1]] == c["verifiedBy"],
    "evidence": run_evidence,
}


def run_frozen(folder):
    counts, wrong = {"positive": 0, "negative": 0}, []
    files = sorted(pathlib.Path(folder).glob("*.json"))
    if sorted(RUN) != [path.stem for path in files]:
        wrong.append(f"the files in {folder} are not the ones known here")
    for path in files:
        content = json.loads(path.read_text("utf-8"))
        for case in content["cases"]:
            positive = case.get("outcome", "verified") == "verified" and case.get("valid", True)
            try:
                accepted = bool(attempt(RUN[content["vectors"]], case))
            except KeyError:  # it states nothing to compare with: a negative case that was accepted that far
                accepted = False
            counts["positive" if positive else "negative"] += 1
            if accepted != case.get("valid", True):
                wrong.append(f"{path.name}: {case['name']}")
    return counts, wrong


def run_merkle(folder):
    """transparency-dev/merkle's proofs: one case or a list of them a file, base64, with a wantErr flag."""
    counts, wrong = {"positive": 0, "negative": 0, "refused on purpose": 0}, []
    for path in sorted(pathlib.Path(folder).rglob("*.json")):
        content = json.loads(path.read_text("utf-8"))
        for c in content if isinstance(content, list) else [content]:
            proof = [base64.b64decode(h) for h in c["proof"] or []]
            data = {k: base64.b64decode(c[k] or "") for k in ("root", "root1", "root2", "leafHash") if k in c}
            # log.md, "Consistency": heads with a root of another length, or of size 0 with a root, are none.
            odd = "size1" in c and ({len(data["root1"]), len(data["root2"])} != {32}
                                    or c["size1"] == 0 and data["root1"] != v.EMPTY_ROOT)
            if "leafIdx" in c:
                accepted = v.is_included(data["leafHash"], c["leafIdx"], c["treeSize"], proof, data["root"])
            else:
                accepted = v.is_consistent(c["size1"], c["size2"], data["root1"], data["root2"], proof)
            kind = "negative" if c["wantErr"] else "refused on purpose" if odd else "positive"
            counts[kind] += 1
            if accepted != (kind == "positive"):
                wrong.append(f"{path.relative_to(folder)}: {c['desc']}")
    return counts, wrong


def run(vectors, merkle):
    """0 if every case got its answer, 1 if one did not, 3 if there was no case."""
    counts, wrong = run_frozen(vectors) if vectors else run_merkle(merkle)
    print(json.dumps({**counts, "wrong": wrong}))
    return 1 if wrong else 0 if sum(counts.values()) else 3
