using System.Security.Cryptography;
using System.Text;
using Skep.Compute.KeyPairs;
using Skep.Linux;
using Skep.Testing;

namespace Skep.Compute.Tests.KeyPairs;

/// <summary>Keys as EC2 hands them out, judged by ssh-keygen and openssl.</summary>
public sealed class SshKeyPairTests
{
    // RFC 8032 section 7.1, test 1.
    private const string Rfc8032Seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    private const string Rfc8032Public = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Derives_the_public_key_of_the_standards_example() =>
        Assert.Equal(Rfc8032Public, Convert.ToHexStringLower(Ed25519.PublicKeyOf(Convert.FromHexString(Rfc8032Seed))));

    [Theory]
    [InlineData("rsa")]
    [InlineData("ed25519")]
    public async Task Ssh_keygen_reads_the_private_key_and_agrees_on_the_public_one(string type)
    {
        var pair = SshKeyPair.Create(type, "pem", "mine", TestResources.SeededIds(3));
        var file = Path.Combine(Directory.CreateTempSubdirectory("skep-test-").FullName, "key");
        await File.WriteAllTextAsync(file, pair.PrivateKey, Ct);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var runner = new CommandRunner(TimeProvider.System);
        var line = (await runner.CheckAsync(new Command("ssh-keygen", "-y", "-f", file), Ct)).Output.Trim();
        Assert.Equal(pair.PublicKey.ToLine("").Trim(), string.Join(' ', line.Split(' ').Take(2)));
        if (type == "ed25519")
        {
            var printed = (await runner.CheckAsync(new Command("ssh-keygen", "-l", "-f", file), Ct)).Output.Split(' ')[1];
            Assert.Equal("SHA256:" + pair.Fingerprint.TrimEnd('='), printed);
        }

        Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
    }

    [Theory]
    [InlineData("rsa")]
    [InlineData("ed25519")]
    public void A_putty_key_carries_both_halves_and_a_mac(string type)
    {
        var pair = SshKeyPair.Create(type, "ppk", "mine", TestResources.SeededIds(3));
        var lines = pair.PrivateKey.Split('\n');
        Assert.Equal($"PuTTY-User-Key-File-2: {pair.PublicKey.Algorithm}", lines[0]);
        Assert.Matches("^Private-MAC: [0-9a-f]{40}$", lines[^2]);
    }

    [Fact]
    public void The_fingerprint_of_an_imported_rsa_key_is_the_md5_of_its_der_form()
    {
        using var rsa = RSA.Create(2048);
        var pem = Encoding.UTF8.GetBytes(rsa.ExportSubjectPublicKeyInfoPem());
        var expected = string.Join(':', MD5.HashData(rsa.ExportSubjectPublicKeyInfo()).Select(b => b.ToString("x2")));
        Assert.Equal(expected, SshPublicKey.Parse(pem).ImportedFingerprint());
    }

    [Fact]
    public void Reads_every_form_of_one_key()
    {
        var key = SshKeyPair.Create("ed25519", "pem", "c", TestResources.SeededIds(4)).PublicKey;
        var base64 = Convert.ToBase64String(key.Blob);
        string[] forms =
        [
            key.ToLine("some comment"),
            "  " + key.ToLine("") + "\r\n",
            base64,
            $"---- BEGIN SSH2 PUBLIC KEY ----\nComment: \"two \\\nlines\"\n{base64[..40]}\n{base64[40..]}\n---- END SSH2 PUBLIC KEY ----\n",
        ];
        foreach (var form in forms)
            Assert.Equal(key.Blob, SshPublicKey.Parse(Encoding.UTF8.GetBytes(form)).Blob);
    }

    [Fact]
    public void Refuses_a_key_cut_at_any_length_and_never_fails_otherwise()
    {
        var blob = SshKeyPair.Create("rsa", "pem", "c", TestResources.SeededIds(5)).PublicKey.Blob;
        for (var length = 0; length < blob.Length; length++)
        {
            var text = Encoding.ASCII.GetBytes("ssh-rsa " + Convert.ToBase64String(blob.AsSpan(0, length)));
            Assert.Throws<FormatException>(() => SshPublicKey.Parse(text));
        }

        var random = new Random(6);
        for (var i = 0; i < 2_000; i++)
        {
            var mutated = blob.ToArray();
            mutated[random.Next(24)] = (byte)random.Next(256);
            try
            {
                SshPublicKey.Parse(Encoding.ASCII.GetBytes("ssh-rsa " + Convert.ToBase64String(mutated)));
            }
            catch (FormatException)
            {
            }
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello")]
    [InlineData("ssh-dss AAAAB3NzaC1kc3MAAACB")]
    [InlineData("ssh-rsa !!!!")]
    [InlineData("-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n-----END OPENSSH PRIVATE KEY-----")]
    public void Refuses_what_is_no_key(string text) =>
        Assert.Throws<FormatException>(() => SshPublicKey.Parse(Encoding.UTF8.GetBytes(text)));
}
