"""The event loop of asyncio during a full-batch training in a thread: the other side of delay.ts."""
import asyncio
import json
import threading
import time

import torch
from sides import answer, arguments, full_batch_training

TIMER = 0.005
args = arguments()


async def serve(reader, writer):
    while (await reader.readline()) not in (b"",):
        while (await reader.readline()) not in (b"\r\n", b""):
            pass
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()
    writer.close()


async def watch_timers(late):
    while True:
        start = time.perf_counter()
        try:
            await asyncio.sleep(TIMER)
        finally:
            late.append(max(0, time.perf_counter() - start - TIMER))


def spread(row, seconds):
    values = torch.tensor(seconds, dtype=torch.float64).quantile(torch.tensor([0.5, 0.99, 1], dtype=torch.float64))
    return {f"{row}, {which}": [value] for which, value in zip(["median", "p99", "worst"], values.tolist())}


async def main():
    training = full_batch_training(args.images, args.epochs)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    client = await asyncio.create_subprocess_exec(
        args.node,
        args.client,
        str(port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    await client.stdout.readline()
    late, seconds = [], []
    timers = asyncio.create_task(watch_timers(late))
    thread = threading.Thread(target=lambda: seconds.extend(training()))
    thread.start()
    while thread.is_alive():
        await asyncio.sleep(TIMER)
    timers.cancel()
    client.stdin.close()
    latencies = json.loads(await client.stdout.readline())
    await client.wait()
    answer(
        {
            **spread("a timer of 5 ms is late", late),
            **spread("GET /health answers after", latencies),
            args.epochRow: seconds,
        }
    )


asyncio.run(main())
