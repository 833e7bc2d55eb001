using System.Globalization;
using Skep.Objects.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>
/// The database's schema as numbered scripts, embedded in the program. They are only ever appended to: a script that was
/// released is not edited.
/// </summary>
internal static class Migrations
{
    /// <summary>"SkOb" in the file's header tells our databases from others' (PRAGMA application_id).</summary>
    public const int ApplicationId = 0x536b4f62;

    private const string ResourcePrefix = "Skep.Objects.Embedded.Migrations.";

    /// <summary>The scripts in order; the first brings version 0 to version 1.</summary>
    public static IReadOnlyList<string> Scripts { get; } = Load();

    /// <summary>Brings a database to the newest version; each step is a transaction.</summary>
    /// <exception cref="IOException">The file belongs to a newer Skep or to another program; it is left as it is.</exception>
    public static void Apply(SqliteConnection connection)
    {
        var version = connection.QueryInt64("PRAGMA user_version");
        var application = connection.QueryInt64("PRAGMA application_id");
        var isEmpty = connection.QueryInt64("SELECT count(*) FROM sqlite_schema") == 0;
        if (application != ApplicationId && !(isEmpty && application == 0))
            throw new IOException($"{connection.Path} is a database of another program (application id {application}, expected {ApplicationId})");
        if (version > Scripts.Count)
            throw new IOException($"{connection.Path} has schema version {version}, and this Skep knows versions up to {Scripts.Count}: start the Skep that wrote it, or a newer one");
        // Outside of the transactions: a database cannot change its journal mode inside one.
        if (connection.QueryText("PRAGMA journal_mode = WAL") is var mode && mode != "wal")
            throw new IOException($"{connection.Path} cannot use a write-ahead log (journal mode is \"{mode}\"): its file system must support shared memory and locks");
        for (var next = (int)version; next < Scripts.Count; next++)
        {
            var number = next + 1;
            var script = Scripts[next];
            connection.InWriteTransaction(() =>
            {
                connection.ExecuteScript(script);
                connection.ExecuteScript(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {ApplicationId}; PRAGMA user_version = {number}"));
            });
        }
    }

    private static List<string> Load()
    {
        var assembly = typeof(Migrations).Assembly;
        var scripts = new List<string>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(ResourcePrefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var number = int.Parse(name.AsSpan(ResourcePrefix.Length, 4), CultureInfo.InvariantCulture);
            if (number != scripts.Count + 1)
                throw new InvalidOperationException($"migration {name} should have number {scripts.Count + 1}");
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            scripts.Add(reader.ReadToEnd());
        }

        return scripts;
    }
}
