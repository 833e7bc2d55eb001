using System.Net;
using System.Security.Cryptography;
using System.Text;
using Skep.Core.Identity;

namespace Skep.Bench;

/// <summary>Makes signed EC2 requests as bytes. A signature is good for 15 minutes, so a request may be sent many times.</summary>
internal sealed class Ec2Requests(IPEndPoint endPoint, SigV4Credentials credentials, string region)
{
    /// <summary>The request of an operation with its parameters.</summary>
    public byte[] Make(string action, params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var form = new StringBuilder($"Action={action}&Version=2016-11-15");
        foreach (var (name, value) in parameters)
            form.Append('&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        var body = Encoding.ASCII.GetBytes(form.ToString());
        List<KeyValuePair<string, string>> headers =
        [
            new("Host", endPoint.ToString()),
            new("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
        ];
        var request = new SigV4Request("POST", "/", "", headers, Convert.ToHexStringLower(SHA256.HashData(body)));
        headers.AddRange([.. SigV4Signer.Sign(request, credentials, region, "ec2", TimeProvider.System.GetUtcNow())]);
        var head = new StringBuilder("POST / HTTP/1.1\r\n");
        foreach (var (name, value) in headers)
            head.Append(name).Append(": ").Append(value).Append("\r\n");
        head.Append("Content-Length: ").Append(body.Length).Append("\r\n\r\n");
        return [.. Encoding.ASCII.GetBytes(head.ToString()), .. body];
    }
}
