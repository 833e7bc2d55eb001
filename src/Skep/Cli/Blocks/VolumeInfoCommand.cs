using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Skep.Blocks.Log;
using Skep.Cli.Output;
using Skep.Storage.LogVolumes;

namespace Skep.Cli.Blocks;

/// <summary><c>skep blocks info</c>: what the store has of a log-structured volume.</summary>
internal static class VolumeInfoCommand
{
    /// <summary>Makes the verb.</summary>
    public static Command Create(CliContext context)
    {
        var name = VolumeArguments.Name();
        var json = new Option<bool>("--json") { Description = "Write it as JSON; sizes are bytes." };
        var store = new StoreOptions();
        var verb = new Verb(
            "info",
            "Show what an object store has of a log-structured volume, without taking it from whoever has it open. What only a local log has is not in it.",
            "skep blocks info disk --store file:///srv/blocks",
            "skep blocks info disk --store file:///srv/blocks --json | jq .storedBytes") { name, json };
        store.AddTo(verb);
        verb.SetAction(async (parsed, ct) =>
        {
            var place = store.Read(parsed, parsed.GetValue(name)!, isOpened: false);
            var info = await BlockFailures.TranslateAsync(() => new LogVolumeOpener(context.Time, onEvent: null).DescribeAsync(place, ct));
            await context.Out.WriteAsync(parsed.GetValue(json) ? JsonText.Render(ToJson(place.Name, info)) : Render(place.Name, info));
            return ExitCode.Success;
        });
        return verb;
    }

    private static string Render(string name, LogVolumeInfo info)
    {
        List<(string What, string Value)> lines =
        [
            ("volume", $"{name} ({info.VolumeId})"),
            ("size", ByteSizes.Render(info.SizeBytes)),
            ("stored", $"{ByteSizes.Render(info.StoredBytes)} in {Count(info.Objects, "object")} of about {ByteSizes.Render(info.ObjectBytes)}"),
            ("in use", info.TotalBytes == 0 ? "nothing" : string.Create(CultureInfo.InvariantCulture, $"{ByteSizes.Render(info.LiveBytes)} of {ByteSizes.Render(info.TotalBytes)} written ({100.0 * info.LiveBytes / info.TotalBytes:0} %)")),
            ("map", Count(info.Extents, "extent")),
            ("opened", Count(info.Epoch, "time")),
            ("record", info.RecordNumber.ToString(CultureInfo.InvariantCulture)),
            ("compression", info.Compression == LogCompression.Zstd ? "zstd" : "none"),
            ("encryption", info.KeyId is { } key ? $"AES-256-GCM, key {key}" : "none"),
        ];
        if (info.Parent is { } parent)
            lines.Add(("clone of", parent));
        if (info.HasBase)
            lines.Add(("base", "yes: what was never written is read from it"));
        lines.AddRange(info.Snapshots.Select(s => ("snapshot", $"{s.Id}, {s.CreatedAt:yyyy-MM-dd HH:mm:ss} UTC, {ByteSizes.Render(s.SizeBytes)}")));
        lines.AddRange(info.Clones.Select(c => ("cloned to", c)));
        return string.Concat(lines.Select(l => $"{l.What,-13}{l.Value}\n"));
    }

    private static JsonObject ToJson(string name, LogVolumeInfo info) => new()
    {
        ["name"] = name,
        ["id"] = info.VolumeId.ToString(),
        ["sizeBytes"] = info.SizeBytes,
        ["objectBytes"] = info.ObjectBytes,
        ["objects"] = info.Objects,
        ["storedBytes"] = info.StoredBytes,
        ["liveBytes"] = info.LiveBytes,
        ["writtenBytes"] = info.TotalBytes,
        ["extents"] = info.Extents,
        ["epoch"] = info.Epoch,
        ["record"] = info.RecordNumber,
        ["compression"] = info.Compression == LogCompression.Zstd ? "zstd" : "none",
        ["keyId"] = info.KeyId,
        ["hasBase"] = info.HasBase,
        ["parent"] = info.Parent,
        ["snapshots"] = new JsonArray([.. info.Snapshots.Select(s => (JsonNode)new JsonObject
        {
            ["id"] = s.Id,
            ["record"] = s.RecordNumber,
            ["sizeBytes"] = s.SizeBytes,
            ["createdAt"] = s.CreatedAt.ToString("O", CultureInfo.InvariantCulture),
        })]),
        ["clones"] = new JsonArray([.. info.Clones.Select(c => (JsonNode)JsonValue.Create(c))]),
    };

    private static string Count(long count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count:N0} {what}{(count == 1 ? "" : "s")}");
}
