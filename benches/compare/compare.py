#!/usr/bin/env python3
"""How `chart` compares with Helm 4, as ratios, in one run.

    compare.py --chart target/release/chart --helm HELM4 --rerender target/release/rerender --oracle ORACLE
               [--corpus FOLDER] [--sdk PYTHON] [--pairs 10] [--json FILE] [--only WORD]

Whole processes: a freshly created chart, kube-prometheus-stack and the three other largest charts of the unpacked
corpus (bytes in the folder, definitions in crds/ aside), `template` to /dev/null, in alternating pairs; medians of wall
time and of peak memory. The first two of them, `package`. In process: rendering a loaded chart again, beside Helm's Go engine doing the same, and beside
helm-python-sdk when --sdk names a Python that has it (without, a virtual environment is made and it is installed there;
`--sdk none` leaves it out). Growth: ten times the templates, ten times the values. Ends with a status of 1 when a bar is
missed.

A chart that makes RSA keys is shown a second time with values that turn them off for both sides: how long a search for
primes takes is chance, and Go's is written in assembly.

Peak memory is what GNU time reports: what the kernel says of a child of this process is never less than this process
itself had. Without GNU time that is what is shown, and too high for `chart` on small charts.
"""
import argparse, json, os, shutil, statistics, subprocess, sys, tempfile, time

BARS = {'package': 8.0, 'created': 15.0, 'large': 10.0, 'memory': 4.0, 'rerender': 20.0, 'sdk': 10.0, 'growth': 12.0}

# Values that leave no key to be made.
KEYLESS = {'sentry': ('nginx.tls.enabled=false', {'nginx': {'tls': {'enabled': False}}})}
SDK = 'helm-python-sdk==0.2.2'


def once(argv, cwd, env):
    """(wall seconds, peak bytes, seconds of processor time) of one process"""
    null = os.open(os.devnull, os.O_RDWR)
    start = time.perf_counter()
    child = subprocess.Popen(argv, cwd=cwd, env=env, stdin=null, stdout=null, stderr=subprocess.PIPE)
    message = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.perf_counter() - start
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    os.close(null)
    if child.returncode:
        sys.exit(f'{" ".join(argv)} ended with {child.returncode}: {message.decode()[:400]}')
    return wall, usage.ru_maxrss * (1 if sys.platform == 'darwin' else 1024), usage.ru_utime + usage.ru_stime


def peak(argv, cwd, env):
    """peak bytes of one process as GNU time sees it; nothing without GNU time"""
    timer = shutil.which('time')
    if timer is None:
        return None
    with tempfile.NamedTemporaryFile('r') as report:
        subprocess.run([timer, '--format', '%M', '--output', report.name, *argv], cwd=cwd, env=env, check=True, capture_output=True)
        return int(report.read()) * 1024


def pairs(ours, theirs, count, cwd, env):
    once(ours, cwd, env), once(theirs, cwd, env)  # warm the page cache
    samples = ([], [])
    for index in range(count):
        order = ((0, ours), (1, theirs)) if index % 2 == 0 else ((1, theirs), (0, ours))
        for side, argv in order:
            samples[side].append(once(argv, cwd, env))
    middle = lambda side, part: statistics.median(sample[part] for sample in samples[side])
    measured = [[middle(side, part) for part in range(3)] for side in (0, 1)]
    for side, argv in ((0, ours), (1, theirs)):
        peaks = [peak(argv, cwd, env) for _ in range(min(count, 5))]
        if None not in peaks:
            measured[side][1] = statistics.median(peaks)
    return measured


def folder_bytes(path):
    total = 0
    for place, folders, files in os.walk(path):
        folders[:] = [name for name in folders if name != 'crds']
        total += sum(os.path.getsize(os.path.join(place, name)) for name in files if not os.path.islink(os.path.join(place, name)))
    return total


def largest(corpus, count):
    with open(os.path.join(corpus, 'cases.jsonl')) as lines:
        cases = [json.loads(line) for line in lines]
    works = {case['chart'] for case in cases if case['kind'] == 'default' and case['helm4_exit'] == 0}
    sizes = sorted(((folder_bytes(os.path.join(corpus, 'charts', name)), name) for name in works), reverse=True)
    names = [name for _, name in sizes if name != 'kube-prometheus-stack'][:count]
    return ['kube-prometheus-stack'] + names


def sdk_python(scratch, given):
    """a Python that has the SDK, or nothing"""
    if given == 'none':
        return None
    if given:
        return given
    folder = os.path.join(scratch, 'sdk')
    python = os.path.join(folder, 'bin', 'python')
    for argv in ([sys.executable, '-m', 'venv', folder], [python, '-m', 'pip', 'install', '--quiet', SDK]):
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            print(f'no {SDK}: {done.stderr.strip().splitlines()[-1:]}: left out')
            return None
    return python


def json_of(argv, **more):
    return json.loads(subprocess.run(argv, check=True, capture_output=True, text=True, **more).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('chart', 'helm', 'rerender', 'oracle'):
        parser.add_argument('--' + name, required=True, type=os.path.abspath)
    parser.add_argument('--corpus', type=os.path.abspath)
    parser.add_argument('--sdk', default='')
    parser.add_argument('--pairs', type=int, default=10)
    parser.add_argument('--json')
    parser.add_argument('--only', default='')
    options = parser.parse_args()
    scratch = tempfile.TemporaryDirectory()
    env = {'PATH': os.environ.get('PATH', ''), 'HOME': scratch.name, 'TZ': 'UTC'}
    subprocess.run([options.helm, 'create', 'created'], cwd=scratch.name, env=env, check=True, capture_output=True)
    created = os.path.join(scratch.name, 'created')
    charts = [('created', created, 'created', None)]
    if options.corpus:
        for name in largest(options.corpus, 3):
            path = os.path.join(options.corpus, 'charts', name)
            charts.append((name, path, 'large', None))
            if name in KEYLESS:
                charts.append((name + '-without-keys', path, 'large', KEYLESS[name]))
    else:
        print('no --corpus: the large charts are left out')
    rows, missed, report = [], [], {}

    def judge(what, name, value, better_high=True):
        bar = BARS[what]
        good = value >= bar if better_high else value <= bar
        report[name] = {'ratio': round(value, 2), 'bar': bar, 'reached': good}
        if not good:
            missed.append(name)
        return f'{value:6.1f} {"ok" if good else "BELOW" if better_high else "ABOVE"} (bar {bar:g})'

    print(f'whole process, medians of {options.pairs} pairs')
    print(f'{"chart":<30} {"chart ms":>9} {"helm4 ms":>9}  {"times faster":<22} {"cpu ms":>7} {"helm4":>7} {"ratio":>5}  '
          f'{"MiB":>6} {"helm4":>6}  times smaller')
    for name, path, kind, values in charts if options.only in 'process' else []:
        arguments = ['template', 'demo', path, '--kube-version', '1.34.0', '--include-crds', *(['--set', values[0]] if values else [])]
        (wall, peak, cpu), (their_wall, their_peak, their_cpu) = pairs([options.chart, *arguments, '--compat', 'helm4'], [options.helm, *arguments],
                                                                       options.pairs, scratch.name, env)
        print(f'{name:<30} {wall * 1e3:9.2f} {their_wall * 1e3:9.1f}  {judge(kind, name + ".wall", their_wall / wall):<22} '
              f'{cpu * 1e3:7.1f} {their_cpu * 1e3:7.1f} {their_cpu / cpu:5.1f}  '
              f'{peak / 2**20:6.1f} {their_peak / 2**20:6.1f}  {judge("memory", name + ".peak", their_peak / peak)}')

    if options.only in 'package':
        print(f'\npackage, medians of {options.pairs} pairs')
        print(f'{"chart":<30} {"chart ms":>9} {"helm4 ms":>9}  {"times faster":<22} {"MiB":>6} {"helm4":>6}')
        for name, path, _, _ in charts[:2]:
            arguments = ['package', path, '--destination', os.path.join(scratch.name, 'packed')]
            (wall, peak, _), (their_wall, their_peak, _) = pairs([options.chart, *arguments, '--compat', 'helm4'], [options.helm, *arguments],
                                                                 options.pairs, scratch.name, env)
            print(f'{name:<30} {wall * 1e3:9.2f} {their_wall * 1e3:9.1f}  {judge("package", name + ".package", their_wall / wall):<22} '
                  f'{peak / 2**20:6.1f} {their_peak / 2**20:6.1f}')

    if options.only in 'rerender':
        print('\nin process: a loaded chart rendered again with new values, beside engine.Render after load')
        print(f'{"chart":<30} {"ours µs":>9} {"Go µs":>9}  {"times faster":<22} {"render alone":>12} {"engine.Render":>13}')
        for name, path, _, values in charts:
            ours = json_of([options.rerender, path, '--count', '50', *(['--set', values[0]] if values else [])])
            request = json.dumps({'op': 'engine_bench', 'compat': 'helm4', 'path': path, 'count': 30, **({'values': values[1]} if values else {})})
            theirs = json_of([options.oracle, '--workers', '1'], input=request + '\n')['result']
            ratio = theirs['with_values_ns'] / ours['with_values_ns']
            print(f'{name:<30} {ours["with_values_ns"] / 1e3:9.1f} {theirs["with_values_ns"] / 1e3:9.1f}  '
                  f'{judge("rerender", name + ".rerender", ratio):<22} {ours["render_ns"] / 1e3:12.1f} {theirs["render_ns"] / 1e3:13.1f}')

    if options.only in 'sdk' and (python := sdk_python(scratch.name, options.sdk)):
        print(f'\nin process: the created chart rendered again, beside {SDK}')
        ours = json_of([options.rerender, created, '--count', '200'])
        theirs = json_of([python, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'sdk.py'), created, '200'])
        print(f'{"created":<30} {ours["with_values_ns"] / 1e3:9.1f} {theirs["with_values_ns"] / 1e3:9.1f}  '
              f'{judge("sdk", "created.sdk", theirs["with_values_ns"] / ours["with_values_ns"])}')

    if options.only in 'growth':
        print('\ngrowth: how much more ten times as much costs')
        # The least of many rounds: what else the machine does only ever adds.
        cost = lambda templates, entries: json_of([options.rerender, '--generated', str(templates), str(entries)])['least_ns']
        base = cost(40, 40)
        print(f'ten times the templates: {judge("growth", "growth.templates", cost(400, 40) / base, False)}')
        print(f'ten times the values:    {judge("growth", "growth.values", cost(40, 400) / base, False)}')

    if options.json:
        with open(options.json, 'w') as file:
            json.dump(report, file, indent=1, sort_keys=True)
    print(f'\n{len(report) - len(missed)} of {len(report)} bars reached' + (': missed ' + ', '.join(missed) if missed else ''))
    sys.exit(1 if missed else 0)


if __name__ == '__main__':
    main()
