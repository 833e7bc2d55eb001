namespace Skep.Core.Tests;

/// <summary>Finds files of the repository from where the tests run.</summary>
internal static class RepositoryRoot
{
    public static string PathOf(string relative)
    {
        for (var directory = new DirectoryInfo(AppContext.BaseDirectory); directory is not null; directory = directory.Parent)
        {
            if (File.Exists(Path.Combine(directory.FullName, "Skep.slnx")))
                return Path.Combine(directory.FullName, relative);
        }

        throw new InvalidOperationException($"no Skep.slnx above {AppContext.BaseDirectory}");
    }
}
