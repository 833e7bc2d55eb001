namespace Skep.Testing;

/// <summary>The clone that the tests were built in.</summary>
public static class RepositoryRoot
{
    /// <summary>The directory with Skep.slnx.</summary>
    public static string Path { get; } = Find();

    private static string Find()
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(directory.FullName, "Skep.slnx")))
                return directory.FullName;
        }

        throw new InvalidOperationException($"no Skep.slnx above {AppContext.BaseDirectory}");
    }
}
