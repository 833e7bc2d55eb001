namespace Skep.Blocks.SystemTests.Nbd;

/// <summary>A directory with disks, which goes with the test.</summary>
internal sealed class DiskFixture : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("skep-nbd-").FullName;

    public string Path(string name) => System.IO.Path.Combine(_directory, name);

    /// <summary>A disk with data here and there and holes between.</summary>
    public string MakeSparse(string name, long sizeBytes, int seed)
    {
        var random = new Random(seed);
        using var file = File.OpenHandle(Path(name), FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, sizeBytes);
        var data = new byte[300_000];
        for (var offset = 0L; offset < sizeBytes - data.Length; offset += 3_000_000)
        {
            random.NextBytes(data);
            RandomAccess.Write(file, data.AsSpan(0, random.Next(1, data.Length)), offset);
        }

        return Path(name);
    }

    /// <summary>A disk of zeroes.</summary>
    public string MakeEmpty(string name, long sizeBytes)
    {
        using var file = File.OpenHandle(Path(name), FileMode.CreateNew, FileAccess.ReadWrite);
        RandomAccess.SetLength(file, sizeBytes);
        return Path(name);
    }

    public void Dispose() => Directory.Delete(_directory, recursive: true);
}
