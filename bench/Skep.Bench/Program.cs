using Skep.Bench;
using Skep.Bench.S3;

// Each benchmark prints lines "what: figure unit". Figures and machines are in docs/benchmarks.md.
var directory = Environment.GetEnvironmentVariable("SKEP_BENCH_DIRECTORY") ?? Path.GetTempPath();
switch (args)
{
    case ["store-writes"]:
        await StoreWrites.RunAsync(directory);
        return 0;
    case ["log-volume"]:
        await LogVolumeFigures.RunAsync(directory, CancellationToken.None);
        return 0;
    case ["snapshots"]:
        await SnapshotFigures.RunAsync(directory, 10L << 30, 4L << 30, CancellationToken.None);
        return 0;
    case ["snapshots", var size, var data]:
        await SnapshotFigures.RunAsync(directory, long.Parse(size, null) << 20, long.Parse(data, null) << 20, CancellationToken.None);
        return 0;
    case ["watch-fanout"]:
        await WatchFanout.RunAsync();
        return 0;
    case ["objects", .. var which]:
        await ObjectStoreFigures.RunAsync(directory, which, CancellationToken.None);
        return 0;
    case ["s3", .. var servers]:
        await S3Figures.RunAsync(directory, servers, CancellationToken.None);
        return 0;
    case ["daemon"]:
        await DaemonFigures.RunAsync(directory, CancellationToken.None);
        return 0;
    case ["describe-instances"]:
        await DescribeInstancesLoad.RunAsync(directory, CancellationToken.None);
        return 0;
    case ["run-instances"]:
        return await RunInstancesLatency.RunAsync(directory, CancellationToken.None);
    case ["guest-disk"]:
        return await GuestDisk.RunAsync(directory, CancellationToken.None);
    case ["watch-fanout-http"]:
        await WatchFanoutHttp.RunAsync(directory, CancellationToken.None);
        return 0;
    case ["nbd"]:
        return await NbdServers.RunAsync(directory, CancellationToken.None);
    default:
        await Console.Error.WriteLineAsync(
            """
            usage: Skep.Bench BENCHMARK
              store-writes         durable writes a second with 1 and 64 writers, beside SQLite alone
              log-volume           a log-structured volume over this disk, with its objects in memory
              snapshots [SIZE DATA]  the chunk store beside restic and borg on a disk of so many MiB, with so much data (10240 4096)
              watch-fanout         time from one write to the last of 1,000 watchers, inside one process
              objects [PART]       the object store's engine beside plain files; PART: put, get, list, delete, checksum
            of the published program (SKEP_PROGRAM, else out/skep of the checkout; `./skep version` makes it):
              daemon               size, time to start, memory idle and with 1,000 simulated instances
              describe-instances   latency and throughput with 1 and 32 clients, beside moto_server
              watch-fanout-http    time from one write to the last of 1,000 watches, each a TLS connection
              run-instances        from the call to a running QEMU, beside QEMU by hand (root; SKEP_BENCH_IMAGE names an image)
              s3 [SERVER…]         the S3 port by sockets, beside its peers; SERVER: skep, uploads, nginx, swift, ceph (bench/peers, SKEP_BENCH_CEPH)
              nbd                  fio against skep nbd serve, qemu-nbd, qemu-storage-daemon and nbdkit on one raw file
              guest-disk           fio in a virtual machine on a local and a log volume, beside fio on the host's file (root; SKEP_BENCH_ACCEL, SKEP_BENCH_IMAGE)
            SKEP_BENCH_DIRECTORY says on which disk (default: the temporary directory).
            """);
        return 2;
}
