using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace Skep.Storage.LogVolumes;

/// <summary>
/// How the daemon asks the server of a log-structured volume for what NBD has no words for: one request for each
/// connection to a Unix socket of root alone, a line of JSON, answered by lines of JSON of which the last is done or failed.
/// </summary>
internal static class VolumeControl
{
    /// <summary>Longest line, in bytes: a volume has some snapshots, of short names.</summary>
    public const int LineMax = 1 << 20;

    /// <summary>Takes a snapshot, or finds the one of that id; a line with the moment comes before the last.</summary>
    public const string Snapshot = "snapshot";

    /// <summary>Deletes a snapshot; one that is not there is no error.</summary>
    public const string DeleteSnapshot = "delete-snapshot";

    /// <summary>Lists the snapshots.</summary>
    public const string List = "list";

    /// <summary>Sends a line.</summary>
    public static async Task SendAsync<T>(Stream stream, T line, JsonTypeInfo<T> type, CancellationToken ct)
    {
        await stream.WriteAsync(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(line, type) + "\n"), ct);
        await stream.FlushAsync(ct);
    }

    /// <summary>The next line; null at the end.</summary>
    /// <exception cref="JsonException">It is no JSON of this type, or too long.</exception>
    public static async Task<T?> ReceiveAsync<T>(StreamReader reader, JsonTypeInfo<T> type, CancellationToken ct)
        where T : class
    {
        var line = new StringBuilder();
        var buffer = new char[1];
        while (await reader.ReadAsync(buffer, ct) == 1)
        {
            if (buffer[0] == '\n')
                return JsonSerializer.Deserialize(line.ToString(), type);
            if (line.Append(buffer[0]).Length > LineMax)
                throw new JsonException($"a line has more than {LineMax} signs");
        }

        return null;
    }
}

/// <summary>What is asked.</summary>
/// <param name="Do">One of the verbs of <see cref="VolumeControl"/>.</param>
/// <param name="Volume">The volume's name.</param>
/// <param name="Id">The snapshot's id; null where none is meant.</param>
internal sealed record VolumeControlRequest(string Do, string Volume, string? Id);

/// <summary>A line of an answer.</summary>
internal sealed record VolumeControlAnswer
{
    /// <summary>The moment of the snapshot has come; another line follows.</summary>
    public bool IsMoment { get; init; }

    /// <summary>Why it failed; null when it did not.</summary>
    public string? Failure { get; init; }

    /// <summary>The ids of all snapshots, the oldest first, when all is done.</summary>
    public List<string>? Snapshots { get; init; }
}

/// <summary>Serializer metadata of the control socket.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingDefault)]
[JsonSerializable(typeof(VolumeControlRequest))]
[JsonSerializable(typeof(VolumeControlAnswer))]
internal sealed partial class VolumeControlJson : JsonSerializerContext;
