using System.Globalization;
using System.Reflection;

namespace Skep.Sqlite;

/// <summary>
/// A database's schema as numbered scripts, embedded in an assembly. They are only ever appended to: a script that was
/// released is not edited.
/// </summary>
public sealed class Migrations
{
    private readonly int _applicationId;

    /// <param name="assembly">Where the scripts are.</param>
    /// <param name="prefix">What the names of their resources begin with; four digits follow.</param>
    /// <param name="applicationId">Tells the databases from others' (PRAGMA application_id).</param>
    public Migrations(Assembly assembly, string prefix, int applicationId)
    {
        _applicationId = applicationId;
        Scripts = Load(assembly, prefix);
    }

    /// <summary>The scripts in order; the first brings version 0 to version 1.</summary>
    public IReadOnlyList<string> Scripts { get; }

    /// <summary>The version that this program writes.</summary>
    public int Version => Scripts.Count;

    /// <summary>Brings a database to <see cref="Version"/>; each step is a transaction.</summary>
    /// <exception cref="IOException">The file belongs to a newer Skep or to another program; it is left as it is.</exception>
    public void Apply(SqliteConnection connection)
    {
        var version = connection.QueryInt64("PRAGMA user_version");
        var application = connection.QueryInt64("PRAGMA application_id");
        var isEmpty = connection.QueryInt64("SELECT count(*) FROM sqlite_schema") == 0;
        if (application != _applicationId && !(isEmpty && application == 0))
            throw new IOException($"{connection.Path} is a database of another program (application id {application}, expected {_applicationId})");
        if (version > Version)
            throw new IOException($"{connection.Path} has schema version {version}, and this Skep knows versions up to {Version}: start the Skep that wrote it, or a newer one");
        // Outside of the transactions: a database cannot change its journal mode inside one.
        if (connection.QueryText("PRAGMA journal_mode = WAL") is var mode && mode != "wal")
            throw new IOException($"{connection.Path} cannot use a write-ahead log (journal mode is \"{mode}\"): its file system must support shared memory and locks; put the data directory on a local one");
        for (var next = (int)version; next < Version; next++)
        {
            var number = next + 1;
            var script = Scripts[next];
            connection.InWriteTransaction(() =>
            {
                connection.ExecuteScript(script);
                connection.ExecuteScript(string.Create(CultureInfo.InvariantCulture, $"PRAGMA application_id = {_applicationId}; PRAGMA user_version = {number}"));
            });
        }
    }

    private static List<string> Load(Assembly assembly, string prefix)
    {
        var scripts = new List<string>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            var number = int.Parse(name.AsSpan(prefix.Length, 4), CultureInfo.InvariantCulture);
            if (number != scripts.Count + 1)
                throw new InvalidOperationException($"migration {name} should have number {scripts.Count + 1}");
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            scripts.Add(reader.ReadToEnd());
        }

        return scripts;
    }
}
