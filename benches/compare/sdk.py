"""Renders a loaded chart again and again with helm-python-sdk, Helm's Go SDK in this process; prints the median as JSON.

    python sdk.py CHART COUNT
"""
import json, statistics, sys, time

import helm_python

chart = helm_python.Chart.load(sys.argv[1])
samples = []
for round in range(int(sys.argv[2])):
    start = time.perf_counter_ns()
    files = chart.render({'rerenderRound': f'round-{round}'}, name='r', namespace='default')
    samples.append(time.perf_counter_ns() - start)
print(json.dumps({'with_values_ns': statistics.median(samples), 'files': len(files)}))
