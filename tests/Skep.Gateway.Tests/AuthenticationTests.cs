using System.Net;
using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;
using Skep.Core.Resources;

namespace Skep.Gateway.Tests;

public sealed class AuthenticationTests
{
    private const string Path = "/scripted";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_client_certificate_names_the_user_and_its_groups()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var certificate = gateway.Certificates.Authority.IssueClient("admin", ["system:masters", "more"]);
        using var client = gateway.CreateClient(certificate);
        Assert.Equal("admin 123456789012 system:masters,more", await client.GetStringAsync(Path, Ct));
    }

    [Fact]
    public async Task A_certificate_of_a_name_that_is_no_user_stands_for_itself()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var certificate = gateway.Certificates.Authority.IssueClient("system:node:a", ["system:nodes"]);
        using var client = gateway.CreateClient(certificate);
        Assert.Equal("system:node:a 123456789012 system:nodes", await client.GetStringAsync(Path, Ct));
    }

    [Fact]
    public async Task A_certificate_of_another_authority_is_nobody()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        await using var other = await TestGateway.StartAsync(Ct);
        using var certificate = other.Certificates.Authority.IssueClient("admin", ["system:masters"]);
        using var client = gateway.CreateClient(certificate);
        await AssertNobodyAsync(client);
    }

    [Fact]
    public async Task A_servers_certificate_is_nobody()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var certificate = gateway.Certificates.Authority.IssueServer("admin", ["localhost"], [IPAddress.Loopback]);
        using var client = gateway.CreateClient(certificate);
        await AssertNobodyAsync(client);
    }

    [Fact]
    public async Task A_certificate_ends_in_the_middle_of_a_connection()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var certificate = gateway.Certificates.Authority.IssueClient("admin", ["system:masters"]);
        using var client = gateway.CreateClient(certificate);
        Assert.StartsWith("admin", await client.GetStringAsync(Path, Ct), StringComparison.Ordinal);
        gateway.World.Clock.Advance(TimeSpan.FromDays(731));
        await AssertNobodyAsync(client);
    }

    [Fact]
    public async Task A_bearer_token_names_its_user()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var client = gateway.CreateClient(token: gateway.Credentials.Token);
        Assert.Equal("admin 123456789012 system:masters", await client.GetStringAsync(Path, Ct));
    }

    [Theory]
    [InlineData("")]
    [InlineData("skep_not-a-token")]
    [InlineData("ü")]
    public async Task An_unknown_token_is_nobody(string token)
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var client = gateway.CreateClient();
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Bearer {Uri.EscapeDataString(token)}");
        await AssertNobodyAsync(client);
    }

    [Fact]
    public async Task A_token_is_nobody_once_it_has_expired()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        const string secret = "skep_short-lived";
        await gateway.World.Client.CreateAsync(CoreKinds.Token, new Token
        {
            Metadata = { Name = IdentityDirectory.KeyOfToken(secret).Name },
            Spec =
            {
                TokenSha256 = IdentityDirectory.HashOf(secret),
                UserName = BootstrapResources.AdminName,
                Expires = gateway.World.Clock.GetUtcNow().AddHours(1),
            },
        }, Ct);
        using var client = gateway.CreateClient(token: secret);
        Assert.StartsWith("admin", await client.GetStringAsync(Path, Ct), StringComparison.Ordinal);
        gateway.World.Clock.Advance(TimeSpan.FromHours(1));
        await AssertNobodyAsync(client);
    }

    [Fact]
    public async Task A_token_of_a_user_that_was_deleted_is_nobody()
    {
        await using var gateway = await TestGateway.StartAsync(Ct);
        using var client = gateway.CreateClient(token: gateway.Credentials.Token);
        await gateway.World.Client.DeleteAsync(CoreKinds.User.Key("default", "admin"), Ct);
        await AssertNobodyAsync(client);
    }

    private static async Task AssertNobodyAsync(HttpClient client)
    {
        using var response = await client.GetAsync(Path, Ct);
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal("nobody", await response.Content.ReadAsStringAsync(Ct));
    }
}
