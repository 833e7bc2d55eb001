using System.Text.Json.Nodes;

namespace Skep.SystemTests;

/// <summary>The one file that ships, alone in an empty directory and run by a user without rights.</summary>
public sealed class PublishedFileTests
{
    private const long FileBytesMax = 60_000_000;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Runs_alone_as_an_unprivileged_user()
    {
        Assert.SkipUnless(SkepProgram.IsPublished, "SKEP_PROGRAM does not name a published file; ./test publishes one");
        using var home = new TempHome();
        var version = await home.RunAsync("version");
        Assert.True(version.ExitCode == 0, version.Error);
        Assert.Matches(@"^skep \d+\.\d+\.\d+", version.Output);
        Assert.Equal(["skep"], Directory.EnumerateFileSystemEntries(home.Path).Select(System.IO.Path.GetFileName));
        Assert.InRange(new FileInfo(home.Program).Length, 1, FileBytesMax);

        var up = await home.RunAsync("up", "--simulate", "--listen", "127.0.0.1:0", "--detach", "--data", home.Data);
        Assert.True(up.ExitCode == 0, up.Error);
        try
        {
            var status = JsonNode.Parse((await home.RunAsync("status", "-o", "json", "--data", home.Data)).Output)!;
            Assert.True((bool)status["ready"]!);
        }
        finally
        {
            var down = await home.RunAsync("down", "--purge", "--yes", "--data", home.Data);
            Assert.True(down.ExitCode == 0, down.Error);
        }
    }

    /// <summary>Missing serializer metadata shows up as a 500, and only in the trimmed file.</summary>
    [Fact]
    public async Task Answers_every_kind_in_every_form()
    {
        await using var daemon = new TestDaemon();
        await daemon.StartAsync(Ct);
        using var client = await daemon.ConnectAsync(Ct);
        Assert.Contains("# TYPE", await client.GetStringAsync("/metrics", Ct), StringComparison.Ordinal);
        foreach (var path in await FindCollectionsAsync(client))
        {
            foreach (var accept in (string[])["application/json", "application/json;as=Table;v=v1;g=meta.k8s.io"])
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, path);
                request.Headers.TryAddWithoutValidation("Accept", accept);
                using var response = await client.SendAsync(request, Ct);
                Assert.True(response.IsSuccessStatusCode, $"{path} as {accept}: {(int)response.StatusCode} {await response.Content.ReadAsStringAsync(Ct)}");
            }
        }

        using var missing = await client.GetAsync("/api/v1/namespaces/default/configmaps/none", Ct);
        Assert.Equal("NotFound", (string?)JsonNode.Parse(await missing.Content.ReadAsStringAsync(Ct))!["reason"]);
        using var unsigned = await client.PostAsync("/", new FormUrlEncodedContent([new("Action", "DescribeInstances"), new("Version", "2016-11-15")]), Ct);
        Assert.InRange((int)unsigned.StatusCode, 400, 499);
    }

    private static async Task<List<string>> FindCollectionsAsync(HttpClient client)
    {
        var groups = JsonNode.Parse(await client.GetStringAsync("/apis", Ct))!["groups"]!.AsArray();
        string[] roots = ["/api/v1", .. groups.Select(g => $"/apis/{(string)g!["preferredVersion"]!["groupVersion"]!}")];
        var paths = new List<string>();
        foreach (var root in roots)
        {
            var resources = JsonNode.Parse(await client.GetStringAsync(root, Ct))!["resources"]!.AsArray();
            paths.AddRange(resources
                .Where(r => r!["verbs"]!.AsArray().Any(v => (string?)v == "list"))
                .Select(r => $"{root}/{(string)r!["name"]!}"));
        }

        return paths;
    }

    private sealed class TempHome : IDisposable
    {
        private const string Nobody = "65534";
        private readonly string _root = Directory.CreateTempSubdirectory("skep-published-").FullName;

        public TempHome()
        {
            Path = System.IO.Path.Combine(_root, "bin");
            Data = System.IO.Path.Combine(_root, "data");
            Directory.CreateDirectory(Path);
            File.Copy(SkepProgram.Path, Program);
            if (!Environment.IsPrivilegedProcess)
                return;
            const UnixFileMode everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
                | UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.GroupExecute
                | UnixFileMode.OtherRead | UnixFileMode.OtherWrite | UnixFileMode.OtherExecute;
            File.SetUnixFileMode(_root, everybody);
            File.SetUnixFileMode(Path, everybody);
        }

        public string Path { get; }
        public string Program => System.IO.Path.Combine(Path, "skep");
        public string Data { get; }

        public Task<ProgramResult> RunAsync(params string[] arguments) => Environment.IsPrivilegedProcess
            ? SkepProgram.RunAsync("setpriv", ["--reuid", Nobody, "--regid", Nobody, "--clear-groups", Program, .. arguments], Ct)
            : SkepProgram.RunAsync(Program, arguments, Ct);

        public void Dispose() => Directory.Delete(_root, recursive: true);
    }
}
