using System.Net;
using System.Security.Cryptography.X509Certificates;
using Skep.Core.Identity;
using Skep.Core.Identity.Bootstrap;
using Skep.Core.Resources;
using Skep.Testing;

namespace Skep.Core.Tests.Identity;

public sealed class CertificatesTests
{
    private static readonly ServerNames _names = new("skep", ["localhost"], [IPAddress.Loopback]);

    [Fact]
    public void A_restart_finds_the_same_certificates()
    {
        using var directory = new TempDirectory();
        var clock = new TestClock();
        var (authority, server) = Open(directory, clock, _names);
        Assert.Equal((authority, server), Open(directory, clock, _names));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory["ca.key"]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(directory["server.pem"]));
    }

    [Fact]
    public void The_server_gets_a_new_certificate_when_an_address_is_added_but_not_when_one_goes()
    {
        using var directory = new TempDirectory();
        var clock = new TestClock();
        var wider = new ServerNames("skep", ["localhost", "host.example"], [IPAddress.Loopback, IPAddress.Parse("192.0.2.7")]);
        var (authority, first) = Open(directory, clock, _names);
        var (_, second) = Open(directory, clock, wider);
        Assert.NotEqual(first, second);
        Assert.Equal((authority, second), Open(directory, clock, _names));
    }

    [Fact]
    public void The_server_gets_a_new_certificate_before_the_old_one_ends()
    {
        using var directory = new TempDirectory();
        var clock = new TestClock();
        using var certificates = Certificates.Open(directory.Path, clock, TestResources.SeededIds(1));
        certificates.EnsureServer(_names);
        var first = certificates.Server;
        clock.Advance(TimeSpan.FromDays(600));
        certificates.EnsureServer(_names);
        Assert.Same(first, certificates.Server);
        clock.Advance(TimeSpan.FromDays(100));
        certificates.EnsureServer(_names);
        Assert.NotEqual(first.SerialNumber, certificates.Server.SerialNumber);
        Assert.True(certificates.Authority.IsValidServer(certificates.Server, clock.GetUtcNow().AddDays(700)));
    }

    [Theory]
    [InlineData("ca.crt")] // killed between key and certificate
    [InlineData("server.pem")]
    [InlineData("admin.pem")]
    public void A_start_that_was_killed_half_way_goes_on(string missing)
    {
        using var directory = new TempDirectory();
        var clock = new TestClock();
        Open(directory, clock, _names);
        File.Delete(directory[missing]);
        File.WriteAllText(directory[missing + ".new"], "half");
        using var certificates = Certificates.Open(directory.Path, clock, TestResources.SeededIds(2));
        certificates.EnsureServer(_names);
        var (admin, _) = certificates.EnsureAdmin();
        using var parsed = X509Certificate2.CreateFromPem(admin);
        Assert.True(certificates.Authority.IsValidServer(certificates.Server, clock.GetUtcNow()));
        Assert.True(certificates.Authority.IsValidClient(parsed));
        Assert.Equal("CN=admin, O=system:masters", parsed.Subject);
    }

    [Fact]
    public void A_lost_key_is_not_papered_over()
    {
        using var directory = new TempDirectory();
        var clock = new TestClock();
        Open(directory, clock, _names);
        File.Delete(directory["ca.key"]);
        var ex = Assert.Throws<IdentityException>(() => Certificates.Open(directory.Path, clock, TestResources.SeededIds(1)));
        Assert.Contains("ca.key", ex.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_two_authorities_do_not_mix()
    {
        using var directory = new TempDirectory();
        using var other = new TempDirectory();
        var clock = new TestClock();
        Open(directory, clock, _names);
        Open(other, clock, _names);
        File.Copy(other["ca.key"], directory["ca.key"], overwrite: true);
        Assert.Throws<IdentityException>(() => Certificates.Open(directory.Path, clock, TestResources.SeededIds(1)));
    }

    private static (string Authority, string Server) Open(TempDirectory directory, TestClock clock, ServerNames names)
    {
        using var certificates = Certificates.Open(directory.Path, clock, new RandomIdSource(null));
        certificates.EnsureServer(names);
        return (certificates.Authority.CertificatePem, certificates.Server.SerialNumber);
    }
}
