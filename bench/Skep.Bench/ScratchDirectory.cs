namespace Skep.Bench;

/// <summary>A directory that goes with the benchmark.</summary>
internal sealed class ScratchDirectory(string parent) : IDisposable
{
    private readonly string _path = Directory.CreateDirectory(Path.Combine(parent, $"skep-bench-{Environment.ProcessId}")).FullName;

    public string Combine(string name) => Path.Combine(_path, name);

    public void Dispose() => Directory.Delete(_path, recursive: true);
}
