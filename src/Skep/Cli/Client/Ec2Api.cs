using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Skep.Core.Identity;

namespace Skep.Cli.Client;

/// <summary>The EC2 Query API, called as any AWS client does: a signed form, an XML answer.</summary>
internal sealed class Ec2Api(SkepClient client)
{
    private const string Version = "2016-11-15";
    private const string FormType = "application/x-www-form-urlencoded; charset=utf-8";

    /// <summary>Calls an operation. Parameters are EC2's wire names ("InstanceId.1").</summary>
    /// <returns>The answer's root element.</returns>
    /// <exception cref="AwsException">EC2's own error.</exception>
    public async Task<XElement> CallAsync(string action, IEnumerable<(string Name, string Value)> parameters, CancellationToken ct)
    {
        var form = new StringBuilder($"Action={action}&Version={Version}");
        foreach (var (name, value) in parameters)
            form.Append('&').Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
        var body = Encoding.ASCII.GetBytes(form.ToString());

        using var request = new HttpRequestMessage(HttpMethod.Post, "/") { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(FormType);
        Sign(request, body);
        using var response = await client.SendAsync(request, ct);
        var text = await response.Content.ReadAsStringAsync(ct);
        return response.IsSuccessStatusCode
            ? XElement.Parse(text)
            : throw ApiFailures.FromAws(response.StatusCode, text);
    }

    private void Sign(HttpRequestMessage request, byte[] body)
    {
        var files = client.Files;
        var signed = new SigV4Request(
            "POST", "/", "", [new("Host", files.Endpoint.Authority), new("Content-Type", FormType)], Convert.ToHexStringLower(SHA256.HashData(body)));
        var credentials = new SigV4Credentials(files.AccessKeyId, files.SecretAccessKey, SessionToken: null);
        foreach (var (name, value) in SigV4Signer.Sign(signed, credentials, files.Region, "ec2", client.Time.GetUtcNow()))
            request.Headers.TryAddWithoutValidation(name, value);
    }

    /// <summary>Numbers the values of a list parameter: ("InstanceId", ids) is InstanceId.1, InstanceId.2, …</summary>
    public static IEnumerable<(string Name, string Value)> List(string name, IEnumerable<string> values) =>
        values.Select((value, index) => ($"{name}.{index + 1}", value));
}

/// <summary>Reading AWS's XML without caring for its namespaces.</summary>
internal static class AwsXml
{
    /// <summary>The text of a child element; "" when there is none.</summary>
    public static string TextOf(this XElement parent, string name) => parent.ChildOf(name)?.Value ?? "";

    /// <summary>A child element by its local name.</summary>
    public static XElement? ChildOf(this XElement parent, string name) =>
        parent.Elements().FirstOrDefault(e => e.Name.LocalName == name);

    /// <summary>The items of a set.</summary>
    public static IEnumerable<XElement> ItemsOf(this XElement parent, string set) =>
        parent.ChildOf(set)?.Elements().Where(e => e.Name.LocalName == "item") ?? [];
}
