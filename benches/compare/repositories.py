#!/usr/bin/env python3
"""How `chart` compares with Helm 4 on repositories and dependencies, as ratios, in one run.

    repositories.py --chart target/release/chart --helm HELM4 [--pairs 5] [--archives 500] [--megabytes 50] [--json FILE]

Whole processes in alternating pairs, medians of wall time and peak memory: `repo index` of many archives, `search repo` on
a large index, `dependency build` of a chart with eight dependencies from a local server with warm caches. Ends with a
status of 1 when a bar is missed.
"""
import argparse, functools, http.server, json, os, shutil, statistics, subprocess, sys, tempfile, threading, time

BARS = {'index': 10.0, 'index.memory': 4.0, 'search': 10.0, 'search.memory': 4.0, 'build': 10.0}


def once(argv, cwd, env):
    """(wall seconds, peak bytes) of one process"""
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
    return wall, usage.ru_maxrss * (1 if sys.platform == 'darwin' else 1024)


def pairs(ours, theirs, count, cwd, env, before=lambda: None):
    samples = ([], [])
    for index in range(count + 1):
        order = ((0, ours), (1, theirs)) if index % 2 == 0 else ((1, theirs), (0, ours))
        for side, argv in order:
            before()
            sample = once(argv, cwd, env)
            if index:  # the first round warms the caches
                samples[side].append(sample)
    middle = lambda side, part: statistics.median(sample[part] for sample in samples[side])
    return [[middle(side, part) for part in range(2)] for side in (0, 1)]


def large_index(path, megabytes):
    words = 'deploys a server with storage, queues and metrics for teams that want it all at once'
    size, chart = 0, 0
    with open(path, 'w') as file:
        size += file.write('apiVersion: v1\nentries:\n')
        while size < megabytes << 20:
            size += file.write(f'  chart-{chart:05}:\n')
            for number in range(100):
                version = f'{9 - number // 10}.{9 - number % 10}.0'
                size += file.write(
                    f'  - annotations:\n      category: Database\n      licenses: Apache-2.0\n    apiVersion: v2\n    appVersion: {version}\n'
                    f'    created: "2024-03-01T10:11:12.123456789Z"\n    dependencies:\n    - condition: postgresql.enabled\n'
                    f'      name: postgresql\n      repository: https://charts.example.com\n      version: 12.x.x\n    - name: common\n'
                    f'      repository: https://charts.example.com\n      tags:\n      - common\n      version: 2.x.x\n'
                    f'    description: {words}\n    digest: {chart * 1000 + number:064x}\n    home: https://example.com/{chart}\n'
                    f'    icon: https://example.com/{chart}.svg\n    keywords:\n    - database\n    - server\n    maintainers:\n'
                    f'    - email: someone@example.com\n      name: Some One\n    name: chart-{chart:05}\n    sources:\n'
                    f'    - https://github.com/example/{chart}\n    type: application\n    urls:\n'
                    f'    - https://charts.example.com/chart-{chart:05}-{version}.tgz\n    version: {version}\n')
            chart += 1


class Quiet(http.server.SimpleHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ('chart', 'helm'):
        parser.add_argument('--' + name, required=True, type=os.path.abspath)
    parser.add_argument('--pairs', type=int, default=5)
    parser.add_argument('--archives', type=int, default=500)
    parser.add_argument('--megabytes', type=int, default=50)
    parser.add_argument('--json')
    options = parser.parse_args()
    scratch = tempfile.TemporaryDirectory()
    top = scratch.name
    env = {'PATH': os.environ.get('PATH', ''), 'HOME': top, 'TZ': 'UTC'}
    missed, report = [], {}

    def judge(name, ours, theirs):
        ratio = theirs / ours
        report[name] = {'ratio': round(ratio, 2), 'bar': BARS[name], 'reached': ratio >= BARS[name]}
        if ratio < BARS[name]:
            missed.append(name)
        return f'{ratio:6.1f} {"ok" if ratio >= BARS[name] else "BELOW"} (bar {BARS[name]:g})'

    def row(name, ours, theirs, memory=True):
        (wall, peak), (their_wall, their_peak) = ours, theirs
        smaller = judge(name + '.memory', peak, their_peak) if memory else f'{their_peak / peak:6.1f}'
        print(f'{name:<8} {wall * 1e3:10.1f} ms {their_wall * 1e3:10.1f} ms  {judge(name, wall, their_wall):<24} '
              f'{peak / 2**20:7.1f} MiB {their_peak / 2**20:8.1f} MiB  {smaller}')

    print(f'medians of {options.pairs} pairs\n{"":<8} {"chart":>13} {"helm4":>13}  {"times faster":<24} {"chart":>11} {"helm4":>12}  times smaller')

    # Archives of a freshly created chart, in many versions.
    folder = os.path.join(top, 'archives')
    os.mkdir(folder)
    subprocess.run([options.helm, 'create', 'web'], cwd=top, env=env, check=True, capture_output=True)
    for number in range(options.archives):
        subprocess.run([options.chart, 'package', 'web', '--version', f'1.{number}.0', '-d', folder], cwd=top, env=env, check=True, capture_output=True)
    row('index', *pairs([options.chart, 'repo', 'index', folder], [options.helm, 'repo', 'index', folder], options.pairs, top, env))

    # A large index, in the cache of both.
    cache = os.path.join(top, '.cache/helm/repository')
    config = os.path.join(top, '.config/helm')
    os.makedirs(cache), os.makedirs(config)
    large_index(os.path.join(cache, 'large-index.yaml'), options.megabytes)
    with open(os.path.join(config, 'repositories.yaml'), 'w') as file:
        file.write('repositories:\n- name: large\n  url: http://127.0.0.1:1\n')
    row('search', *pairs([options.chart, 'search', 'repo', 'chart-00042'], [options.helm, 'search', 'repo', 'chart-00042'], options.pairs, top, env))
    os.remove(os.path.join(cache, 'large-index.yaml'))

    # Eight dependencies from a server on this machine.
    shop = os.path.join(top, 'shop')
    os.mkdir(shop)
    parent = os.path.join(top, 'parent')
    os.mkdir(parent)
    server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), functools.partial(Quiet, directory=shop))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f'http://127.0.0.1:{server.server_address[1]}'
    with open(os.path.join(parent, 'Chart.yaml'), 'w') as file:
        file.write('apiVersion: v2\nname: parent\nversion: 1.0.0\ndependencies:\n')
        for number in range(8):
            name = f'part{number}'
            subprocess.run([options.helm, 'create', name], cwd=top, env=env, check=True, capture_output=True)
            for version in ('1.0.0', '1.1.0', '1.2.0'):
                subprocess.run([options.chart, 'package', name, '--version', version, '-d', shop], cwd=top, env=env, check=True, capture_output=True)
            file.write(f'- name: {name}\n  version: 1.x.x\n  repository: {url}\n')
    subprocess.run([options.chart, 'repo', 'index', shop], env=env, check=True)
    with open(os.path.join(config, 'repositories.yaml'), 'w') as file:
        file.write(f'repositories:\n- name: shop\n  url: {url}\n')
    subprocess.run([options.helm, 'dependency', 'update', parent], env=env, check=True, capture_output=True)
    charts = os.path.join(parent, 'charts')
    row('build', *pairs([options.chart, 'dependency', 'build', parent], [options.helm, 'dependency', 'build', parent], options.pairs, top, env,
                        lambda: shutil.rmtree(charts, ignore_errors=True)), memory=False)
    server.shutdown()

    if options.json:
        with open(options.json, 'w') as file:
            json.dump(report, file, indent=1, sort_keys=True)
    print(f'{len(report) - len(missed)} of {len(report)} bars reached' + (': missed ' + ', '.join(missed) if missed else ''))
    sys.exit(1 if missed else 0)


if __name__ == '__main__':
    main()
