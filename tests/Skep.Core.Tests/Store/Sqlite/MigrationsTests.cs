using System.Text;
using Skep.Core.Store.Sqlite;
using Skep.Sqlite;

namespace Skep.Core.Tests.Store.Sqlite;

public sealed class MigrationsTests
{
    /// <summary>Set to write schema.sql anew after adding a migration.</summary>
    private const string UpdateVariable = "SKEP_UPDATE_SCHEMA";

    [Fact]
    public void All_migrations_together_give_the_schema_that_is_checked_in()
    {
        using var directory = new TempDirectory();
        using var connection = SqliteConnection.Open(directory["skep.db"], readOnly: false);
        LogSchema.Migrations.Apply(connection);
        var schema = Schema(connection);
        var path = RepositoryRoot.PathOf("src/Skep.Core/Store/schema.sql");
        if (Environment.GetEnvironmentVariable(UpdateVariable) is not null)
            File.WriteAllText(path, schema);
        Assert.Equal(File.ReadAllText(path), schema);
    }

    [Fact]
    public void Migrating_twice_changes_nothing()
    {
        using var directory = new TempDirectory();
        using var connection = SqliteConnection.Open(directory["skep.db"], readOnly: false);
        LogSchema.Migrations.Apply(connection);
        var before = Schema(connection);
        LogSchema.Migrations.Apply(connection);
        Assert.Equal(before, Schema(connection));
    }

    [Fact]
    public void An_interrupted_first_start_is_finished_by_the_next()
    {
        using var directory = new TempDirectory();
        using (var connection = SqliteConnection.Open(directory["skep.db"], readOnly: false))
        {
            connection.ExecuteScript("PRAGMA journal_mode = WAL; BEGIN IMMEDIATE;");
            connection.ExecuteScript(LogSchema.Migrations.Scripts[0]);
            connection.RollBack(); // as recovery after a crash would
        }

        using var again = SqliteConnection.Open(directory["skep.db"], readOnly: false);
        LogSchema.Migrations.Apply(again);
        Assert.Equal(LogSchema.Migrations.Version, again.QueryInt64("PRAGMA user_version"));
    }

    private static string Schema(SqliteConnection connection)
    {
        var text = new StringBuilder();
        text.Append($"-- Generated from Migrations/: run the tests with {UpdateVariable}=1 after adding one. Version {LogSchema.Migrations.Version}.\n");
        var rows = connection.Statement("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type DESC, name");
        while (rows.Step("read"))
            text.Append('\n').Append(rows.Text(0)).Append(";\n");
        rows.Reset();
        return text.ToString();
    }
}
