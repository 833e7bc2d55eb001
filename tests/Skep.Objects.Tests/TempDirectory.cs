namespace Skep.Objects.Tests;

/// <summary>A directory that goes with the test.</summary>
public sealed class TempDirectory : IDisposable
{
    /// <param name="parent">Where; null for the temporary directory.</param>
    public TempDirectory(string? parent = null)
    {
        Path = parent is null ? Directory.CreateTempSubdirectory("skep-objects-").FullName : Directory.CreateDirectory(System.IO.Path.Combine(parent, System.IO.Path.GetRandomFileName())).FullName;
    }

    public string Path { get; }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
