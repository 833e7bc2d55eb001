namespace Skep.Blocks.SystemTests.Nbd;

/// <summary>TLS with the clients that people use; the certificates are made by openssl, as they would.</summary>
public sealed class NbdTlsTests
{
    private const long Size = 16L << 20;

    [Fact]
    public async Task Clients_copy_through_tls_and_get_nothing_without()
    {
        Tool.Require("openssl", "qemu-img", "nbdinfo");
        using var disks = new DiskFixture();
        var source = disks.MakeSparse("source.img", Size, seed: 5);
        await MakeCertificatesAsync(disks);
        await using var serve = await NbdServe.StartAsync(
            1, "--listen", "127.0.0.1:0", "--tls-cert", disks.Path("server-cert.pem"), "--tls-key", disks.Path("server-key.pem"), source);
        Assert.StartsWith("nbds://127.0.0.1:", serve.Uri, StringComparison.Ordinal);
        Assert.Contains("with TLS", await Tool.RunAsync("nbdinfo", WithCertificates(serve.Uri, disks.Path("tls"))), StringComparison.Ordinal);
        await CopyWithQemuAsync(disks, serve);
        await Tool.RunAsync("cmp", source, disks.Path("copy.img"));
        var (code, output) = await Tool.TryAsync("nbdinfo", serve.Uri.Replace("nbds://", "nbd://", StringComparison.Ordinal));
        Assert.NotEqual(0, code);
        Assert.Contains("TLS", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Clients_need_a_certificate_where_one_is_asked_for()
    {
        Tool.Require("openssl", "qemu-img", "nbdinfo");
        using var disks = new DiskFixture();
        var source = disks.MakeSparse("source.img", Size, seed: 6);
        await MakeCertificatesAsync(disks);
        await using var serve = await NbdServe.StartAsync(
            1, "--listen", "127.0.0.1:0", "--tls-cert", disks.Path("server-cert.pem"), "--tls-key", disks.Path("server-key.pem"), "--tls-client-ca", disks.Path("tls/ca-cert.pem"), source);
        await CopyWithQemuAsync(disks, serve);
        await Tool.RunAsync("cmp", source, disks.Path("copy.img"));
        // The authority is known, but there is nothing to show.
        Directory.CreateDirectory(disks.Path("bare"));
        File.Copy(disks.Path("tls/ca-cert.pem"), disks.Path("bare/ca-cert.pem"));
        Assert.NotEqual(0, (await Tool.TryAsync("nbdinfo", WithCertificates(serve.Uri, disks.Path("bare")))).Code);
        await Tool.RunAsync("nbdinfo", WithCertificates(serve.Uri, disks.Path("tls")));
    }

    [Fact]
    public async Task Clients_choose_where_tls_is_optional()
    {
        Tool.Require("openssl", "nbdinfo");
        using var disks = new DiskFixture();
        await MakeCertificatesAsync(disks);
        await using var serve = await NbdServe.StartAsync(
            1, "--listen", "127.0.0.1:0", "--tls-cert", disks.Path("server-cert.pem"), "--tls-key", disks.Path("server-key.pem"), "--tls-optional", disks.MakeEmpty("d.img", Size));
        Assert.Contains("with TLS", await Tool.RunAsync("nbdinfo", WithCertificates(serve.Uri, disks.Path("tls"))), StringComparison.Ordinal);
        Assert.Contains("without TLS", await Tool.RunAsync("nbdinfo", serve.Uri.Replace("nbds://", "nbd://", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    private static Task CopyWithQemuAsync(DiskFixture disks, NbdServe serve)
    {
        var address = new Uri(serve.Uri);
        return Tool.RunAsync(
            "qemu-img", "convert", "-O", "raw", "--object", $"tls-creds-x509,id=tls0,endpoint=client,dir={disks.Path("tls")}", "--image-opts",
            $"driver=nbd,host=127.0.0.1,port={address.Port},export={address.AbsolutePath[1..]},tls-creds=tls0", disks.Path("copy.img"));
    }

    private static string WithCertificates(string uri, string directory) => $"{uri}?tls-certificates={directory}";

    /// <summary>An authority, a server for 127.0.0.1, and a client, under the names that libnbd and QEMU look for.</summary>
    private static async Task MakeCertificatesAsync(DiskFixture disks)
    {
        var tls = Directory.CreateDirectory(disks.Path("tls")).FullName;
        await Tool.RunAsync(
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=Test authority",
            "-keyout", disks.Path("ca-key.pem"), "-out", $"{tls}/ca-cert.pem", "-addext", "keyUsage=critical,keyCertSign,digitalSignature");
        await SignAsync(disks, disks.Path("server"), "serverAuth", "subjectAltName=IP:127.0.0.1");
        await SignAsync(disks, $"{tls}/client", "clientAuth", "subjectAltName=DNS:client.test");
    }

    private static async Task SignAsync(DiskFixture disks, string name, string usage, string subject)
    {
        await Tool.RunAsync("openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout", $"{name}-key.pem", "-out", $"{name}.csr");
        await File.WriteAllTextAsync($"{name}.ext", $"extendedKeyUsage={usage}\nkeyUsage=digitalSignature\n{subject}\n", TestContext.Current.CancellationToken);
        await Tool.RunAsync(
            "openssl", "x509", "-req", "-in", $"{name}.csr", "-CA", disks.Path("tls/ca-cert.pem"), "-CAkey", disks.Path("ca-key.pem"), "-CAcreateserial",
            "-days", "2", "-extfile", $"{name}.ext", "-out", $"{name}-cert.pem");
    }
}
