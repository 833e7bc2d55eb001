using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;

namespace Skep.Core.Tests.Store.Sqlite;

/// <summary>Entries and logs for the tests of the SQLite log.</summary>
internal static class LogData
{
    public static readonly KindRegistry Kinds = new(CoreKinds.All);

    public static SqliteLog Log(TempDirectory directory) => new(directory.Path, Kinds);

    public static LogEntry ConfigMap(long revision, ChangeType type, string name, string value = "v") =>
        Entry(revision, type, CoreKinds.ConfigMap, name, $$$"""{"data":{"k":"{{{value}}}"}}""");

    public static LogEntry Secret(long revision, string name, string value) =>
        Entry(revision, ChangeType.Create, CoreKinds.Secret, name, $$$"""{"stringData":{"k":"{{{value}}}"}}""");

    public static string Text(ReadOnlyMemory<byte> json) => Encoding.UTF8.GetString(json.Span);

    private static LogEntry Entry(long revision, ChangeType type, Kind kind, string name, string json) =>
        new(revision, type, kind.Key("default", name), Encoding.UTF8.GetBytes(json));
}
