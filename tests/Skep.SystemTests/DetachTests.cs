namespace Skep.SystemTests;

/// <summary>What a daemon in the background keeps of whoever started it: nothing.</summary>
public sealed class DetachTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Keeps_no_descriptor_of_the_starting_process_open()
    {
        await using var daemon = new TestDaemon();
        // The pipe's reader, and whoever reads descriptor 7, ends only when every writer has closed it.
        var result = await SkepProgram.RunAsync(
            "bash",
            ["-eu", "-o", "pipefail", "-c", """ "$0" up --simulate --listen 127.0.0.1:0 --detach --data "$1" 7>&1 2>&1 | cat """, SkepProgram.Path, daemon.DataDirectory],
            Ct);
        Assert.True(result.ExitCode == 0, result.Output);
        Assert.Contains("is ready at", result.Output, StringComparison.Ordinal);
        Assert.NotNull(await daemon.PidAsync(Ct));
    }
}
