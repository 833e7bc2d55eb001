using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;
using Skep.Cli.Output;

namespace Skep.Cli.Client;

/// <summary>
/// What the daemon leaves in its data directory for clients on the same machine: where it listens (daemon.json), who its
/// admin is (credentials.json) and the CA that its certificate comes from (pki/ca.crt).
/// </summary>
internal sealed record DaemonFiles
{
    /// <summary>The data directory.</summary>
    public required string DataDirectory { get; init; }

    /// <summary>Where the daemon listens, for example https://127.0.0.1:9999.</summary>
    public required Uri Endpoint { get; init; }

    /// <summary>The admin's access key.</summary>
    public required string AccessKeyId { get; init; }

    /// <summary>The access key's secret.</summary>
    public required string SecretAccessKey { get; init; }

    /// <summary>The admin's bearer token.</summary>
    public required string Token { get; init; }

    /// <summary>The region that requests are signed for.</summary>
    public required string Region { get; init; }

    /// <summary>Whether machines are simulated.</summary>
    public required bool IsSimulated { get; init; }

    /// <summary>The cluster's CA.</summary>
    public required X509Certificate2 Authority { get; init; }

    /// <summary>Reads them.</summary>
    /// <exception cref="CliException">There is no daemon, or its files cannot be read; the hint says what to do.</exception>
    public static DaemonFiles Read(string dataDirectory)
    {
        if (!Directory.Exists(dataDirectory))
            throw NotRunning(dataDirectory, $"there is no cloud in {dataDirectory}");
        var daemon = ReadJson(dataDirectory, "daemon.json");
        var credentials = ReadJson(dataDirectory, "credentials.json");
        return new DaemonFiles
        {
            DataDirectory = dataDirectory,
            Endpoint = EndpointOf(dataDirectory, daemon),
            AccessKeyId = Text(credentials, dataDirectory, "credentials.json", "accessKeyId"),
            SecretAccessKey = Text(credentials, dataDirectory, "credentials.json", "secretAccessKey"),
            Token = Text(credentials, dataDirectory, "credentials.json", "token"),
            Region = credentials.TextAt("region") ?? "us-east-1",
            IsSimulated = daemon.TextAt("simulated") == "true",
            Authority = ReadAuthority(dataDirectory),
        };
    }

    /// <summary>The failure "no daemon", with what to do about it.</summary>
    public static CliException NotRunning(string dataDirectory, string what) => new(
        what,
        ExitCode.NotRunning,
        $"Start one with `skep up --detach --data {dataDirectory}`, or `skep quickstart` for a cloud with a first VM; `--data DIR` names another one.");

    private static Uri EndpointOf(string dataDirectory, JsonNode daemon) =>
        daemon.TextAt("endpoint") is { } endpoint && Uri.TryCreate(endpoint, UriKind.Absolute, out var uri)
            ? uri
            : throw NotRunning(dataDirectory, $"the daemon of {dataDirectory} does not listen yet");

    private static JsonNode ReadJson(string dataDirectory, string name)
    {
        var path = Path.Combine(dataDirectory, name);
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) ?? throw new JsonException("null");
        }
        catch (Exception ex) when (ex is FileNotFoundException or DirectoryNotFoundException)
        {
            throw NotRunning(dataDirectory, $"no daemon runs on {dataDirectory}");
        }
        catch (UnauthorizedAccessException)
        {
            throw Denied(path);
        }
        catch (JsonException ex)
        {
            throw new CliException($"{path} is damaged: {ex.Message}");
        }
    }

    private static X509Certificate2 ReadAuthority(string dataDirectory)
    {
        var path = Path.Combine(dataDirectory, "pki", "ca.crt");
        try
        {
            return X509Certificate2.CreateFromPem(File.ReadAllText(path));
        }
        catch (UnauthorizedAccessException)
        {
            throw Denied(path);
        }
        catch (Exception ex) when (ex is IOException or CryptographicException)
        {
            throw new CliException($"{path}: the cluster's CA certificate cannot be read: {ex.Message}");
        }
    }

    private static CliException Denied(string path) => new(
        $"{path}: permission denied",
        ExitCode.Denied,
        "The cloud belongs to another user: run the same with sudo, or name your own data directory with --data DIR.");

    private static string Text(JsonNode json, string dataDirectory, string file, string name) =>
        json.TextAt(name) is { Length: > 0 } text
            ? text
            : throw new CliException($"{Path.Combine(dataDirectory, file)} is damaged: it has no \"{name}\"");
}
