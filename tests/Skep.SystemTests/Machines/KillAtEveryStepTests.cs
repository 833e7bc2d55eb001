using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Skep.SystemTests.Machines;

/// <summary>
/// Kills the daemon right before and right after every change that RunInstances and TerminateInstances make durable, from
/// the request to its last consequence, and starts it again.
/// </summary>
[Collection(MachineCollection.Name)]
public sealed partial class KillAtEveryStepTests(ITestOutputHelper output)
{
    private const string Fault = "SKEP_FAULT_KILL_AT_ENTRY";

    /// <summary>More batches than any of these operations has; a test that never gets through must end.</summary>
    private const int RoundsMax = 60;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("before")]
    [InlineData("after")]
    public async Task A_crash_while_an_instance_is_run_leaks_nothing(string when)
    {
        await using var cloud = await Cloud.CreateAsync(Ct);
        var image = await PrepareAsync(cloud);
        var entry = 1;
        for (var round = 0; ; round++)
        {
            Assert.True(round < RoundsMax, $"still killed in round {round}");
            var logLength = LogLength(cloud);
            var seen = (await IdsAsync(cloud)).ToHashSet();
            await cloud.KillAsync(Ct);
            var started = await cloud.TryStartAsync(Ct, $"{Fault}={entry}:{when}");
            var answer = (Status: 0, Body: "the daemon did not start");
            if (started.ExitCode == 0)
                answer = await cloud.Ec2Async(Ct, "Action=RunInstances", $"ImageId={image}", "InstanceType=t3.nano", "MinCount=1", "MaxCount=1");
            var promised = answer.Status == 200 ? InstanceId().Match(answer.Body).Value : null;
            var killed = await WaitForEndAsync(cloud, logLength, promised, "running");
            output.WriteLine($"{entry}:{when}: answer {answer.Status}, {killed ?? "not killed"}");
            if (killed is null)
                await cloud.KillAsync(Ct); // the fault is still waiting for its entry
            await cloud.StartAsync(Ct);

            // Nothing at all, or a whole instance: never something between. What was promised must be there.
            var made = (await IdsAsync(cloud)).Where(id => !seen.Contains(id)).ToList();
            Assert.True(made.Count <= 1, string.Join(", ", made));
            if (promised is not null)
                Assert.Equal([promised], made);
            foreach (var id in made)
            {
                await cloud.WaitForStateAsync(id, Ct, "running");
                await TerminateAsync(cloud, id);
                await cloud.WaitForStateAsync(id, Ct, "terminated");
            }

            await cloud.RequireNoLeaksAsync(Ct);
            if (killed is null)
                break;
            entry = LastEntryOf(killed) + 1;
        }

        Assert.True(entry > 3, "there was hardly anything to kill");
    }

    [Theory]
    [InlineData("before")]
    [InlineData("after")]
    public async Task A_crash_while_an_instance_is_terminated_leaks_nothing(string when)
    {
        await using var cloud = await Cloud.CreateAsync(Ct);
        var image = await PrepareAsync(cloud);
        var entry = 1;
        for (var round = 0; ; round++)
        {
            Assert.True(round < RoundsMax, $"still killed in round {round}");
            var (status, body) = await cloud.Ec2Async(Ct, "Action=RunInstances", $"ImageId={image}", "InstanceType=t3.nano", "MinCount=1", "MaxCount=1");
            Assert.True(status == 200, body);
            var id = InstanceId().Match(body).Value;
            await cloud.WaitForStateAsync(id, Ct, "running");

            var logLength = LogLength(cloud);
            await cloud.KillAsync(Ct);
            var started = await cloud.TryStartAsync(Ct, $"{Fault}={entry}:{when}");
            if (started.ExitCode == 0)
                (status, _) = await cloud.Ec2Async(Ct, "Action=TerminateInstances", $"InstanceId.1={id}");
            else
                status = 0;
            var killed = await WaitForEndAsync(cloud, logLength, status == 200 ? id : null, "terminated");
            output.WriteLine($"{entry}:{when}: answer {status}, {killed ?? "not killed"}");
            if (killed is null)
                await cloud.KillAsync(Ct); // the fault is still waiting for its entry
            await cloud.StartAsync(Ct);

            // Still the instance that it was, or on its way out; never half of one.
            var instance = (await cloud.InstancesAsync(Ct)).Single(i => (string?)i["metadata"]!["name"] == id);
            if ((string?)instance["spec"]!["runState"] != "Terminated")
            {
                Assert.True(status != 200, "the answer promised termination");
                await cloud.WaitForStateAsync(id, Ct, "running");
                await TerminateAsync(cloud, id);
            }

            await cloud.WaitForStateAsync(id, Ct, "terminated");
            await cloud.RequireNoLeaksAsync(Ct);
            if (killed is null)
                break;
            entry = LastEntryOf(killed) + 1;
        }

        Assert.True(entry > 3, "there was hardly anything to kill");
    }

    private static async Task<string> PrepareAsync(Cloud cloud)
    {
        await cloud.StartAsync(Ct);
        var disk = Path.Combine(cloud.Scratch, "button.raw");
        await ButtonDisk.WriteAsync(disk, Ct);
        return await cloud.RequireSkepAsync(Ct, "image", "import", disk, "--boot-mode", "bios");
    }

    private static async Task TerminateAsync(Cloud cloud, string id)
    {
        var (status, body) = await cloud.Ec2Async(Ct, "Action=TerminateInstances", $"InstanceId.1={id}");
        Assert.True(status == 200, body);
    }

    /// <summary>Waits until the daemon was killed, which its log then says, or until the operation has come to its end.</summary>
    private static async Task<string?> WaitForEndAsync(Cloud cloud, long logLength, string? id, string state)
    {
        string? killed = null;
        await Cloud.WaitAsync($"the daemon to be killed, or {id} to be {state}", async () =>
        {
            killed = KillLine(cloud, logLength);
            if (killed is not null)
                return null;
            if (id is null)
                return "it was not killed, and there was no answer";
            JsonNode? instance;
            try
            {
                instance = (await cloud.InstancesAsync(Ct)).FirstOrDefault(i => (string?)i["metadata"]!["name"] == id);
            }
            catch (Xunit.Sdk.XunitException)
            {
                return "no answer"; // it was killed just now
            }

            if ((string?)instance?["status"]?["state"] != state)
                return instance?["status"]?.ToJsonString() ?? "no instance";
            // A terminated instance's volume and interface go after it, by changes that count.
            return state == "terminated" ? await cloud.FindLeaksAsync(Ct) : null;
        }, Ct);
        return killed;
    }

    private static string? KillLine(Cloud cloud, long logLength)
    {
        using var stream = new FileStream(LogPath(cloud), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        stream.Position = logLength;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n').FirstOrDefault(l => l.StartsWith(Fault, StringComparison.Ordinal));
    }

    private static async Task<IEnumerable<string>> IdsAsync(Cloud cloud) =>
        (await cloud.InstancesAsync(Ct)).Select(i => (string)i["metadata"]!["name"]!);

    private static int LastEntryOf(string killLine) => int.Parse(Batch().Match(killLine).Groups[1].Value, CultureInfo.InvariantCulture);

    private static long LogLength(Cloud cloud) => new FileInfo(LogPath(cloud)).Length;

    private static string LogPath(Cloud cloud) => Path.Combine(cloud.DataDirectory, "daemon.log");

    [GeneratedRegex("(?<=<instanceId>)i-[0-9a-f]{17}")]
    private static partial Regex InstanceId();

    [GeneratedRegex(@"entries \d+ to (\d+)")]
    private static partial Regex Batch();
}
