using System.Globalization;
using System.Text;
using Skep.Core.Resources;
using Skep.Core.Store;
using Skep.Core.Store.Sqlite;

// usage: Skep.Core.WriteStorm DIRECTORY SEED
// Writes transactions with 64 writers until it is killed, and says each acknowledged one on standard output:
// "revision writer number". A transaction sets two config maps and a secret of its writer to the same number.
const int WriterCount = 64;

var directory = args[0];
var seed = int.Parse(args[1], CultureInfo.InvariantCulture);
await using var store = await ResourceStore.OpenAsync(new SqliteLog(directory, new KindRegistry(CoreKinds.All)), CancellationToken.None);
using var output = Console.OpenStandardOutput();
var gate = new Lock();
_ = Task.Run(EndWithTheTest);
Say("ready");
await Task.WhenAll(Enumerable.Range(0, WriterCount).Select(writer => Task.Run(() => WriteAsync(writer))));

async Task WriteAsync(int writer)
{
    var random = new Random(unchecked((seed * WriterCount) + writer));
    ResourceKey[] keys =
    [
        CoreKinds.ConfigMap.Key("default", $"a{writer}"),
        CoreKinds.ConfigMap.Key("default", $"b{writer}"),
        CoreKinds.Secret.Key("default", $"c{writer}"),
    ];
    var number = store.View.Get(keys[0]) is { } last ? NumberOf(last) : 0;
    while (true)
    {
        number++;
        var padding = new string('x', random.Next(2_000));
        var changes = keys.Select(key => Set(key, number, padding)).ToList();
        var view = await store.CommitAsync(changes, CancellationToken.None);
        Say($"{view.Revision} {writer} {number}");
    }
}

Change Set(ResourceKey key, long number, string padding)
{
    var json = Encoding.UTF8.GetBytes($$$"""{"metadata":{"name":"{{{key.Name}}}","generation":{{{number}}}},"data":{"p":"{{{padding}}}"}}""");
    return store.View.Get(key) is { } current ? Change.Update(key, json, current.Revision) : Change.Create(key, json);
}

static long NumberOf(Resource resource) => resource.Metadata.Generation ?? 0;

// The test holds the other end of standard input: it ends with the test, however that ends.
static void EndWithTheTest()
{
    using var input = Console.OpenStandardInput();
    while (input.ReadByte() >= 0)
    {
        // Nobody writes there.
    }

    Environment.Exit(1);
}

void Say(string line)
{
    // One write call a line: what the kernel took before the kill is still in the pipe after it.
    lock (gate)
        output.Write(Encoding.ASCII.GetBytes(line + "\n"));
}
