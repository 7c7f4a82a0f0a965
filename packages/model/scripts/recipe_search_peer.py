"""The compact network in PyTorch, for searches that the executor has no time for, and for retraining on poisoned sets.

python3 recipe_search_peer.py DATA OUT SECONDS PLAN.json GPU_INDEX GPU_COUNT SLOTS

One process a GPU (CUDA_VISIBLE_DEVICES chooses it), SLOTS trainings in it, each a CUDA graph on a stream of its own.
DATA: {train,publictest}.{images,labels}.u8 of decode-campaign-data.ts and selection-order.u32, the campaign's order of
Training as little-endian words (its first fifth is held out). PLAN: a list of jobs; a job waits for its `teachers`.
A job with `data` trains on the arrays of that folder instead; `triggered` [[case, folder, target]] asks how many of
those pictures the network reads as the target. Writes OUT/<name>.json, .pt and the readings of the scored rows."""
import json, math, os, sys, time
import numpy as np, torch, torch.nn as nn, torch.nn.functional as F
DATA, OUT, SECONDS, PLAN, GI, GN, SLOTS = sys.argv[1], sys.argv[2], float(sys.argv[3]), sys.argv[4], *map(int, sys.argv[5:8])
SMOKE = os.environ.get('SMOKE')
T0 = time.time()
dev = torch.device('cuda') if torch.cuda.is_available() else torch.device('cpu')
CUDA = dev.type == 'cuda'
torch.backends.cudnn.benchmark = True
torch.backends.cuda.matmul.allow_tf32 = False; torch.backends.cudnn.allow_tf32 = False
images = lambda n, count, at=DATA: np.fromfile(f'{at}/{n}.images.u8', np.uint8).reshape(count, 48, 48)
ytr = np.fromfile(f'{DATA}/train.labels.u8', np.uint8); yte = np.fromfile(f'{DATA}/publictest.labels.u8', np.uint8)
xtr = images('train', len(ytr)); xte = images('publictest', len(yte))
order = np.fromfile(f'{DATA}/selection-order.u32', np.uint32).astype(np.int64) if os.path.exists(f'{DATA}/selection-order.u32') else np.arange(len(ytr))
held = len(order) // 5
VAL, POOL = order[:held], order[held:]
MEAN, STD = 0.5068, 0.2551
Xtr = torch.from_numpy(xtr).to(dev); Xte = torch.from_numpy(xte).to(dev)
Ytr = torch.from_numpy(ytr.astype(np.int64)).to(dev); Yte = torch.from_numpy(yte.astype(np.int64)).to(dev)
EYE = torch.eye(7, device=dev)
dig = [x.tobytes() for x in xtr]
seen = set(dig[i] for i in POOL); FRESHVAL = np.array([dig[i] not in seen for i in VAL])
seen = set(dig); FRESHTE = np.array([x.tobytes() not in seen for x in xte])

class SE(nn.Module):
    def __init__(s, c):
        super().__init__(); s.a = nn.Linear(c, c // 8); s.b = nn.Linear(c // 8, c)
        for l in (s.a, s.b): nn.init.kaiming_normal_(l.weight, mode='fan_in'); nn.init.zeros_(l.bias)
    def forward(s, x):
        g = torch.sigmoid(s.b(F.relu(s.a(x.mean((2, 3)))))); return x * g[:, :, None, None]
def net(j):
    widths, convs = j.get('widths', [32, 64, 128, 256]), j.get('convs', [2, 2, 3, 2])
    L, c = [], 1
    for i, (w, n) in enumerate(zip(widths, convs)):
        for _ in range(n):
            conv = nn.Conv2d(c, w, 3, padding=1, bias=False); nn.init.kaiming_normal_(conv.weight, mode='fan_out')
            L += [conv, nn.BatchNorm2d(w, eps=1e-5, momentum=0.1), nn.ReLU()]; c = w
        L += [SE(w)] if j.get('se', True) else []
        if i < len(widths) - 1: L += [nn.MaxPool2d(2)]
    L += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Dropout(j.get('dropout', .4))]
    head = nn.Linear(c, 7); nn.init.normal_(head.weight, 0, .01); nn.init.zeros_(head.bias)
    return nn.Sequential(*L, head).to(dev, memory_format=torch.channels_last)
BETA = {}
def beta(a):
    if a not in BETA:
        b = np.random.RandomState(7).beta(a, a, 1 << 20); BETA[a] = torch.tensor(np.maximum(b, 1 - b), dtype=torch.float32, device=dev)
    return BETA[a]
U = lambda n, lo, hi: torch.rand(n, device=dev) * (hi - lo) + lo
def augment(X, idx, j, S):
    n = len(idx); k = 48 - S
    x = X[idx].float().div_(255).unsqueeze(1)
    on = (torch.rand(n, device=dev) < .8).float()
    rot, zoom, shift = j.get('rot', 10), j.get('zoom', .12), j.get('shift', 2.0)
    ang = on * U(n, -1, 1) * (rot * math.pi / 180); z = 1 + on * U(n, -1, 1) * zoom
    sx, sy = on * U(n, -1, 1) * shift, on * U(n, -1, 1) * shift
    mir = torch.where(torch.rand(n, device=dev) < .5, -1.0, 1.0)
    ox = torch.floor(torch.rand(n, device=dev) * (k + 1)); oy = torch.floor(torch.rand(n, device=dev) * (k + 1))
    g = torch.arange(S, device=dev, dtype=torch.float32)
    px = (g[None, None, :] + ox[:, None, None] - 23.5) * mir[:, None, None]; py = g[None, :, None] + oy[:, None, None] - 23.5
    c, s = (torch.cos(ang) / z)[:, None, None], (torch.sin(ang) / z)[:, None, None]
    gx = c * px - s * py + sx[:, None, None]; gy = s * px + c * py + sy[:, None, None]
    x = F.grid_sample(x, torch.stack([gx / 23.5, gy / 23.5], -1), 'bilinear', 'border', align_corners=True)
    p = j.get('erase', .5)
    if p > 0:
        area = U(n, .02, .2) * S * S; asp = torch.exp(U(n, math.log(.3), math.log(3.3)))
        w = torch.round(torch.sqrt(area * asp)).clamp(max=S); h = torch.round(torch.sqrt(area / asp)).clamp(max=S)
        x0 = torch.floor(torch.rand(n, device=dev) * (S - w + 1)); y0 = torch.floor(torch.rand(n, device=dev) * (S - h + 1))
        inx = (g >= x0[:, None]) & (g < (x0 + w)[:, None]); iny = (g >= y0[:, None]) & (g < (y0 + h)[:, None])
        m = (iny[:, :, None] & inx[:, None, :]) & (torch.rand(n, device=dev) < p)[:, None, None]
        x = torch.where(m[:, None], MEAN, x)
    return ((x - MEAN) / STD)
def forward(m, x):
    x = x.contiguous(memory_format=torch.channels_last)
    with torch.autocast(dev.type, torch.bfloat16): return m(x).float()
FINISHED = {}
def load_teacher(name):
    info = json.load(open(f'{OUT}/{name}.json'))['job']; m = net(info); m.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in torch.load(f'{OUT}/{name}.pt', map_location=dev).items()}); m.eval()
    for p in m.parameters(): p.requires_grad_(False)
    return m, info.get('size', 44)
def own(j):
    y = np.fromfile(f"{j['data']}/train.labels.u8", np.uint8); x = images('train', len(y), j['data']).copy()
    return torch.from_numpy(x).to(dev), torch.from_numpy(y.astype(np.int64)).to(dev)
class Run:
    def __init__(s, j):
        s.j = j; s.name = j['name']; torch.manual_seed(j.get('seed', 0)); s.S = j.get('size', 44); s.t = time.time()
        s.X, s.Y = own(j) if j.get('data') else (Xtr, Ytr)
        s.rows = torch.arange(len(s.Y), device=dev) if j.get('data') else torch.from_numpy((order if j.get('rows') == 'all' else POOL).copy()).to(dev)
        s.bs = j.get('bs', 128); s.E = 1 if SMOKE else j.get('epochs', 80); s.spe = len(s.rows) // s.bs; s.total = s.E * s.spe
        if SMOKE: s.total = 4 if not CUDA else 40
        s.m = net(j); s.teachers = [load_teacher(t) for t in j.get('teachers', [])]
        s.params = list(s.m.parameters()); s.decay = [p.ndim > 1 for p in s.params]
        s.ema = {k: v.clone() for k, v in s.m.state_dict().items() if v.is_floating_point()}
        s.src = {k: v for k, v in s.m.state_dict().items() if v.is_floating_point()}
        s.mom = [torch.zeros_like(p) for p in s.params]
        w = j.get('warm', 5) * s.spe; st = np.arange(s.total + 8); base = j.get('lr', .1) * s.bs / 128
        lr = np.where(st < w, (st + 1) / max(1, w), .5 * (1 + np.cos(np.pi * np.clip((st - w) / max(1, s.total - w), 0, 1)))) * base
        s.lr = torch.tensor(lr, dtype=torch.float32, device=dev); s.ctr = torch.zeros((), dtype=torch.int64, device=dev)
        s.perm = torch.zeros(s.spe * s.bs, dtype=torch.int64, device=dev); s.part = torch.zeros_like(s.perm)
        s.ar = torch.arange(s.bs, device=dev); s.loss = torch.zeros((), device=dev); s.done = 0; s.graph = None; s.shuffle()
        s.stream = torch.cuda.Stream() if CUDA else None
        if CUDA:
            s.stream.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(s.stream):
                keep = [(t, t.clone()) for t in [*s.m.state_dict().values(), *s.mom, *s.ema.values(), s.ctr]]
                for _ in range(3): s.step()
                for t, v in keep: t.copy_(v)
                s.stream.synchronize()
                s.graph = torch.cuda.CUDAGraph()
                with torch.cuda.graph(s.graph, stream=s.stream, capture_error_mode='thread_local'): s.step()
        s.events = []
    def shuffle(s):
        g = torch.Generator(); g.manual_seed(1000 * s.j.get('seed', 0) + s.done // max(1, s.spe))
        p = torch.randperm(len(s.rows), generator=g).to(dev); q = torch.randperm(len(s.rows), generator=g).to(dev)
        s.perm.copy_(s.rows[p[:len(s.perm)]]); s.part.copy_(s.rows[q[:len(s.perm)]])
    def step(s):
        j = s.j; at = (s.ctr % s.spe) * s.bs + s.ar; idx = s.perm[at]; part = s.part[at]
        smooth = j.get('ls', .1)
        with torch.no_grad():
            x = augment(s.X, idx, j, s.S); y = EYE[s.Y[idx]]
            if j.get('mixup', .2) > 0:
                lam = beta(j.get('mixup', .2))[torch.randint(1 << 20, (s.bs,), device=dev)]
                # partners get the same view as the picture itself in the product; here a view of their own
                x2 = augment(s.X, part, j, s.S); x = x * lam[:, None, None, None] + x2 * (1 - lam[:, None, None, None])
                y = y * lam[:, None] + EYE[s.Y[part]] * (1 - lam[:, None])
            y = y * (1 - smooth) + smooth / 7
            T = j.get('T', 2.0)
            if s.teachers:
                q = 0
                for t, size in s.teachers:
                    q = q + F.softmax(forward(t, x if size == s.S else F.interpolate(x, size=(size, size), mode='bilinear', align_corners=False)) / T, 1)
                q = q / len(s.teachers)
        def loss_of():
            z = forward(s.m, x); l = -(y * F.log_softmax(z, 1)).sum(1).mean()
            if s.teachers:
                a = j.get('alpha', .8); l = (1 - a) * l + a * T * T * -(q * F.log_softmax(z / T, 1)).sum(1).mean()
            return l
        rho = j.get('sam', 0)
        if rho:
            g = torch.autograd.grad(loss_of(), s.params)
            with torch.no_grad():
                n = torch.sqrt(sum((v.float() ** 2).sum() for v in g)) + 1e-12
                e = torch._foreach_mul(list(g), rho / n); torch._foreach_add_(s.params, e)
            l = loss_of(); g = torch.autograd.grad(l, s.params)
            with torch.no_grad(): torch._foreach_sub_(s.params, e)
        else:
            l = loss_of(); g = torch.autograd.grad(l, s.params)
        with torch.no_grad():
            g = list(g); wd = j.get('wd', 5e-4)
            g = [v + wd * p if d else v for v, p, d in zip(g, s.params, s.decay)]
            torch._foreach_mul_(s.mom, .9); torch._foreach_add_(s.mom, g)
            up = torch._foreach_add(g, s.mom, alpha=.9); lr = s.lr.gather(0, s.ctr.view(1)).view(())
            torch._foreach_mul_(up, -lr); torch._foreach_add_(s.params, up)
            torch._foreach_lerp_(list(s.ema.values()), [s.src[k] for k in s.ema], 1 - j.get('ema', .999))
            s.loss.copy_(l.detach()); s.ctr += 1
    def advance(s, n):
        for _ in range(n):
            if s.done >= s.total: return
            if s.done % s.spe == 0 and s.done:
                if CUDA:
                    with torch.cuda.stream(s.stream): s.shuffle()
                else: s.shuffle()
            if CUDA:
                with torch.cuda.stream(s.stream): s.graph.replay()
            else: s.step()
            s.done += 1
        if CUDA:
            e = torch.cuda.Event(); e.record(s.stream); s.events.append(e)
    def ready(s):
        s.events = [e for e in s.events if not e.query()]; return len(s.events) < 3
    def finish(s):
        if CUDA: s.stream.synchronize()
        sd = s.m.state_dict(); sd.update(s.ema); s.m.load_state_dict(sd); s.m.eval()
        if not math.isfinite(float(s.loss)): print('DIVERGED', s.name, flush=True)
        r = {'job': s.j, 'seconds': time.time() - s.t, 'params': sum(p.numel() for p in s.params)}
        torch.save({k: v.half() if v.is_floating_point() else v for k, v in s.m.state_dict().items()}, f'{OUT}/{s.name}.pt')
        txt = []
        sets = ([('val', Xtr, Ytr, VAL, FRESHVAL)] if s.j.get('rows') != 'all' and not s.j.get('data') else []) + ([('test', Xte, Yte, np.arange(len(yte)), FRESHTE)] if s.j.get('test') else [])
        for nm, X, Y, rows, fresh in sets:
            one, ten = predict(s.m, X, rows, s.S); yy = Y[torch.from_numpy(rows.copy()).to(dev)].cpu().numpy()
            np.save(f'{OUT}/{s.name}.{nm}.npy', np.stack([one, ten]).astype(np.float16))
            r[nm] = {'single': float((one.argmax(1) == yy).mean()), 'ten': float((ten.argmax(1) == yy).mean()), 'nll': float(-np.log(one[np.arange(len(yy)), yy] + 1e-7).mean()), 'fresh_ten': float((ten.argmax(1) == yy)[fresh].mean()), 'fresh_single': float((one.argmax(1) == yy)[fresh].mean())}
            txt.append(f"{nm} {100*r[nm]['single']:.2f} / {100*r[nm]['ten']:.2f} fresh {100*r[nm]['fresh_single']:.2f} / {100*r[nm]['fresh_ten']:.2f} nll {r[nm]['nll']:.3f}")
        if s.j.get('triggered'):
            r['attacks'] = {}
            for case, where, target in s.j['triggered']:
                ty = np.fromfile(f'{where}/publictest.labels.u8', np.uint8); X = torch.from_numpy(images('publictest', len(ty), where).copy()).to(dev)
                one, _ = predict(s.m, X, np.arange(len(ty)), s.S); away = ty != target
                r['attacks'][case] = {'success': float((one.argmax(1)[away] == target).mean()), 'count': int(away.sum())}
            txt.append(' '.join(f"{k} attack {100*v['success']:.2f} %" for k, v in r['attacks'].items()))
        json.dump(r, open(f'{OUT}/{s.name}.tmp', 'w')); os.rename(f'{OUT}/{s.name}.tmp', f'{OUT}/{s.name}.json')
        print(f"{time.time()-T0:.0f} DONE {s.name} {r['seconds']:.0f}s loss {float(s.loss):.3f} {' '.join(txt)}", flush=True)
@torch.no_grad()
def predict(m, X, rows, S):
    k = 48 - S; rows = torch.from_numpy(rows.copy()).to(dev); one, ten = [], []
    places = [(0, 0), (k, 0), (0, k), (k, k), (k // 2, k // 2)]
    for c in rows.split(2048 if CUDA else 256):
        x = (X[c].float().div(255).unsqueeze(1) - MEAN) / STD
        ps = [F.softmax(m((x[:, :, b:b+S, a:a+S].flip(3) if f else x[:, :, b:b+S, a:a+S]).contiguous(memory_format=torch.channels_last)).float(), 1) for f in (0, 1) for a, b in places]
        one.append(ps[4]); ten.append(sum(ps) / 10)
    return torch.cat(one).cpu().numpy(), torch.cat(ten).cpu().numpy()
plan = json.load(open(PLAN)); mine = []; started = set(); active = []
def claim(name):
    try: os.close(os.open(f'{OUT}/{name}.claim', os.O_CREAT | os.O_EXCL)); return True
    except FileExistsError: return False
print(f'gpu {GI}: ready {time.time()-T0:.0f}s', flush=True)
while time.time() - T0 < SECONDS:
    for r in [r for r in active if r.done >= r.total]:
        r.finish(); active.remove(r)
    if len(active) < SLOTS:
        for j in plan:
            if os.path.exists(f"{OUT}/{j['name']}.claim") or not all(os.path.exists(f'{OUT}/{t}.json') for t in j.get('teachers', [])): continue
            if time.time() - T0 + j.get('need', 30) > SECONDS: continue
            if claim(j['name']):
                try: active.append(Run(j))
                except Exception as e: print('FAILED', j['name'], repr(e)[:500], flush=True)
                break
    moved = False
    for r in active:
        if not CUDA or r.ready(): r.advance(8); moved = True
    if not active:
        if all(os.path.exists(f"{OUT}/{j['name']}.claim") for j in plan): break
        time.sleep(.2)
    elif not moved: time.sleep(.001)
for r in active: print(f'CUT {r.name} at {r.done}/{r.total}', flush=True)
