namespace Skep.Testing;

/// <summary>What this process has open.</summary>
public static class OpenHandles
{
    /// <summary>A descriptor of a file or directory that is open. Others may come and go meanwhile.</summary>
    public static int Find(string path)
    {
        foreach (var entry in Directory.EnumerateFileSystemEntries("/proc/self/fd"))
        {
            try
            {
                if (File.ResolveLinkTarget(entry, returnFinalTarget: false)?.FullName == path)
                    return int.Parse(Path.GetFileName(entry), null);
            }
            catch (FileNotFoundException)
            {
                // Another thread has closed it.
            }
        }

        throw new InvalidOperationException($"{path} is not open");
    }
}
