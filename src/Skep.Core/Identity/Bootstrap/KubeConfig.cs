using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Skep.Core.Identity.Bootstrap;

/// <summary>Writes kubectl's configuration file with everything embedded, so that it can be copied elsewhere.</summary>
public static class KubeConfig
{
    /// <summary>The name of the file in the data directory.</summary>
    public const string FileName = "kubeconfig";

    /// <summary>The file's text. JSON, which is YAML: no value can break out of its quotes.</summary>
    public static byte[] Write(string endpoint, string authorityPem, string certificatePem, string keyPem)
    {
        var document = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Config",
            ["current-context"] = "skep",
            ["clusters"] = Named("cluster", new() { ["server"] = endpoint, ["certificate-authority-data"] = Base64(authorityPem) }),
            ["users"] = Named("user", new() { ["client-certificate-data"] = Base64(certificatePem), ["client-key-data"] = Base64(keyPem) }),
            ["contexts"] = Named("context", new() { ["cluster"] = "skep", ["user"] = "skep", ["namespace"] = BootstrapResources.DefaultNamespace }),
        };
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
            document.WriteTo(writer);
        return [.. buffer.WrittenSpan, (byte)'\n'];
    }

    private static JsonArray Named(string member, JsonObject value) =>
        new(new JsonObject { ["name"] = "skep", [member] = value });

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
