using Skep.Core.Hosting;
using Skep.Core.Resources;

namespace Skep.Core.Tests.Hosting;

public sealed class DataDirectoryTests
{
    private static readonly RandomIdSource _ids = new(null);

    [Fact]
    public void Keeps_its_prefix_and_lets_one_in_at_a_time()
    {
        using var temp = new TempDirectory();
        string prefix;
        using (var first = DataDirectory.Open(temp["d"], "1.0", _ids))
        {
            prefix = first.HostPrefix;
            Assert.Equal(5, prefix.Length);
            var ex = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp["d"], "1.0", _ids));
            Assert.Contains($"process {Environment.ProcessId}", ex.Message, StringComparison.Ordinal);
            Assert.Equal(Environment.ProcessId, DataDirectory.FindHolder(temp["d"])?.ProcessId);
        }

        Assert.Null(DataDirectory.FindHolder(temp["d"]));
        using var second = DataDirectory.Open(temp["d"], "1.0", _ids);
        Assert.Equal(prefix, second.HostPrefix);
    }

    [Fact]
    public void Asking_who_has_it_never_gets_in_the_way()
    {
        using var temp = new TempDirectory();
        using (DataDirectory.Open(temp["d"], "1.0", _ids))
        {
        }

        Assert.Null(DataDirectory.FindHolder(temp["d"]));
        Assert.Null(DataDirectory.FindHolder(temp["no-such"]));
        using var opened = DataDirectory.Open(temp["d"], "1.0", _ids);
        Assert.NotNull(DataDirectory.FindHolder(temp["d"]));
    }

    [Theory]
    [InlineData("""{"format":2,"hostPrefix":"skabc"}""", "newer")]
    [InlineData("""{"format":1}""", "cannot be read")]
    [InlineData("garbage", "cannot be read")]
    [InlineData("", "cannot be read")]
    public void Refuses_a_marker_that_it_does_not_know(string marker, string why)
    {
        using var temp = new TempDirectory();
        File.WriteAllText(temp["skep.json"], marker);
        var ex = Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Path, "1.0", _ids));
        Assert.Contains(why, ex.Message, StringComparison.Ordinal);
        Assert.Null(DataDirectory.FindHolder(temp.Path));
        Assert.Equal(marker, File.ReadAllText(temp["skep.json"]));
    }

    [Fact]
    public void Refuses_a_directory_that_somebody_else_filled()
    {
        using var temp = new TempDirectory();
        File.WriteAllText(temp["thesis.txt"], "precious");
        Assert.Throws<DataDirectoryException>(() => DataDirectory.Open(temp.Path, "1.0", _ids));
        Assert.False(File.Exists(temp["lock"]));
    }
}
