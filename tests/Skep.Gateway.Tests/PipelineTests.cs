using System.Net;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Core.Resources;

namespace Skep.Gateway.Tests;

public sealed class PipelineTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Liveness_and_the_authoritys_certificate_are_for_everybody()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var client = gateway.CreateClient();
        Assert.Equal("ok\n", await client.GetStringAsync("/livez", Ct));
        Assert.Equal(await File.ReadAllTextAsync(gateway.Certificates.AuthorityPath, Ct), await client.GetStringAsync("/ca.crt", Ct));
    }

    [Theory]
    [InlineData("/readyz")]
    [InlineData("/metrics")]
    [InlineData("/")]
    [InlineData("/no/such/path")]
    public async Task Everything_else_asks_who_is_there(string path)
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var client = gateway.CreateClient();
        using var response = await client.GetAsync(path, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.NotEmpty(response.Headers.WwwAuthenticate);
    }

    [Fact]
    public async Task Readiness_follows_the_daemon()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var client = gateway.CreateClient(token: gateway.Credentials.Token);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusOfAsync(client, "/readyz"));
        gateway.Readiness.Set();
        Assert.Equal(HttpStatusCode.OK, await StatusOfAsync(client, "/readyz"));
    }

    [Fact]
    public async Task Metrics_are_for_masters()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var certificate = gateway.Certificates.Authority.IssueClient("somebody", []);
        using var client = gateway.CreateClient(certificate);
        Assert.Equal(HttpStatusCode.Forbidden, await StatusOfAsync(client, "/metrics"));
        using var admin = gateway.CreateClient(token: gateway.Credentials.Token);
        Assert.Contains("skep_audit_entries_lost", await admin.GetStringAsync("/metrics", Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_that_nothing_answers_is_told_what_there_is()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var client = gateway.CreateClient(token: gateway.Credentials.Token);
        using var response = await client.GetAsync("/no/such/path", Ct);
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("kubectl", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_dialect_that_fails_gives_a_request_id_and_no_details()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        gateway.Dialect.Script = (_, _) => throw new InvalidOperationException("the secret is 42");
        using var client = gateway.CreateClient();
        using var response = await client.GetAsync("/scripted", Ct);
        var text = await response.Content.ReadAsStringAsync(Ct);
        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        Assert.DoesNotContain("42", text, StringComparison.Ordinal);
        Assert.Contains("request id", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_audit_log_says_who_did_what_and_no_secret()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        gateway.Dialect.Script = (context, _) =>
        {
            var record = RequestRecord.Of(context);
            record.Action = "ec2:RunInstances";
            record.Resource = "i-1";
            context.Response.StatusCode = 403;
            return Task.CompletedTask;
        };
        using var client = gateway.CreateClient(token: gateway.Credentials.Token);
        using var response = await client.PostAsync("/scripted?X-Amz-Signature=sssh", new StringContent("body-secret"), Ct);
        await gateway.StopAsync(Ct);

        var text = await File.ReadAllTextAsync(gateway.AuditPath, Ct);
        var entry = JsonNode.Parse(Assert.Single(text.Split('\n', StringSplitOptions.RemoveEmptyEntries)))!;
        Assert.Equal("admin", (string?)entry["principal"]);
        Assert.Equal("scripted", (string?)entry["dialect"]);
        Assert.Equal("ec2:RunInstances", (string?)entry["action"]);
        Assert.Equal("i-1", (string?)entry["resource"]);
        Assert.Equal("127.0.0.1", (string?)entry["source"]);
        Assert.Equal(403, (int?)entry["status"]);
        Assert.True(Guid.TryParse((string?)entry["requestId"], out _));
        Assert.All([gateway.Credentials.Token, "sssh", "body-secret"], secret => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(gateway.AuditPath));
    }

    [Fact]
    public async Task A_stop_waits_for_short_requests_and_ends_watches()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        var started = new TaskCompletionSource();
        var aborted = new TaskCompletionSource();
        gateway.Dialect.Script = async (context, _) =>
        {
            using var registration = context.RequestAborted.Register(() => aborted.TrySetResult());
            started.SetResult();
            await aborted.Task;
        };
        using var client = gateway.CreateClient();
        var watch = client.GetAsync("/scripted", Ct);
        await started.Task.WaitAsync(Ct);
        var timers = gateway.World.Clock.TimersWaiting;
        var stop = gateway.StopAsync(Ct);
        Assert.False(aborted.Task.IsCompleted);
        Assert.True(gateway.World.Clock.TimersWaiting > timers);
        gateway.World.Clock.Advance(new GatewayOptions().DrainTimeout);
        await aborted.Task.WaitAsync(Ct);
        await stop;
        await Assert.ThrowsAsync<HttpRequestException>(() => watch);
    }

    private static async Task<HttpStatusCode> StatusOfAsync(HttpClient client, string path)
    {
        using var response = await client.GetAsync(path, Ct);
        return response.StatusCode;
    }
}
