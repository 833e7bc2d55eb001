using Skep.Objects.Disk;
using Skep.Objects.Rules;
using Skep.Sqlite;

namespace Skep.Objects.Embedded;

/// <summary>
/// The store on a local disk: metadata and small bodies in a SQLite database, large bodies in files (docs/object-format.md).
/// One process at a time may have it open.
/// </summary>
public sealed partial class EmbeddedBackend : IObjectBackend, IOwnerQuotas
{
    /// <summary>The database's name in the directory.</summary>
    public const string DatabaseFileName = "objects.db";

    /// <summary>Parts are in files unless tiny: an open object holds its inline pieces in memory, and there may be 10,000.</summary>
    private const int PartInlineBytesMax = 4 * 1024;

    private readonly EmbeddedOptions _options;
    private readonly IDataDisk _disk;
    private readonly FileStream _lock;
    private readonly SqliteConnection _db;
    private readonly ReaderPool _readers;
    private readonly DataReaper _reaper;
    private readonly Committer _committer;
    private readonly IdSource _ids;
    private readonly VersionIds _versionIds;
    private readonly ContentWriter _objectWriter;
    private readonly ContentWriter _partWriter;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _closing = new();
    private Task _collection = Task.CompletedTask;
    private bool _isDisposed;

    private EmbeddedBackend(EmbeddedOptions options, IDataDisk disk, FileStream @lock, SqliteConnection db, Ballast ballast, TimeProvider time)
    {
        _options = options;
        _disk = disk;
        _lock = @lock;
        _db = db;
        _time = time;
        _ids = Facts.ReserveIds(db);
        _versionIds = new VersionIds(Facts.StoreNumber(db));
        _readers = new ReaderPool(db.Path, options.ReadersMax);
        _reaper = new DataReaper(disk, options.OnProblem, options.HasBackground);
        _committer = new Committer(db, disk, _reaper, ballast, _ids, time);
        var buffers = new BodyBuffers();
        _objectWriter = new ContentWriter(disk, ballast, buffers, TakeIdAsync, options.OnProblem, options.InlineBytesMax);
        _partWriter = new ContentWriter(disk, ballast, buffers, TakeIdAsync, options.OnProblem, Math.Min(PartInlineBytesMax, options.InlineBytesMax));
    }

    /// <summary>Opens a store, making it when the directory is empty.</summary>
    /// <exception cref="ObjectException">It is in use, damaged, of a newer version or of another program; the message says which.</exception>
    public static Task<EmbeddedBackend> OpenAsync(EmbeddedOptions options, TimeProvider time, CancellationToken ct) =>
        OpenAsync(options, new PosixDisk(options.Directory), time, ct);

    /// <summary>Opens a store whose data files are on a given disk.</summary>
    internal static Task<EmbeddedBackend> OpenAsync(EmbeddedOptions options, IDataDisk disk, TimeProvider time, CancellationToken ct)
    {
        if (options.InlineBytesMax is < 0 or > BlockSums.BlockBytes)
            throw new ArgumentException($"InlineBytesMax is {options.InlineBytesMax}, and must be 0 to {BlockSums.BlockBytes}", nameof(options));
        return Task.Run(() => Open(options, disk, time), ct);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        await _closing.CancelAsync();
        await _collection;
        // The threads finish what is queued; then nothing writes any more.
        await Task.Run(() =>
        {
            _committer.Dispose();
            _reaper.Dispose();
        });
        _readers.Dispose();
        _db.Dispose();
        await _lock.DisposeAsync();
        _closing.Dispose();
    }

    private static EmbeddedBackend Open(EmbeddedOptions options, IDataDisk disk, TimeProvider time)
    {
        FileStream? @lock = null;
        SqliteConnection? db = null;
        try
        {
            Directory.CreateDirectory(options.Directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            @lock = StoreLock.Take(options.Directory);
            disk.Prepare();
            db = OpenDatabase(options);
            var ballast = new Ballast(Path.Combine(options.Directory, "ballast"), disk, options.ReserveBytes);
            ballast.Restore();
            var backend = new EmbeddedBackend(options, disk, @lock, db, ballast, time);
            if (options.HasBackground)
                backend._collection = Task.Run(() => backend.CollectOrphansAsync(backend._closing.Token));
            return backend;
        }
        catch (Exception ex)
        {
            db?.Dispose();
            @lock?.Dispose();
            if (ex is IOException or UnauthorizedAccessException)
                throw DiskErrors.Translate(ex, $"cannot open the object store {options.Directory}");
            throw;
        }
    }

    private static SqliteConnection OpenDatabase(EmbeddedOptions options)
    {
        var path = Path.Combine(options.Directory, DatabaseFileName);
        var db = SqliteConnection.Open(path, readOnly: false);
        try
        {
            StoreSchema.Migrations.Apply(db);
            // FULL syncs the write-ahead log at every commit: what was answered survives power loss.
            db.Execute(options.IsDurable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = OFF");
            // A checkpoint copies each page once however often it changed, so fewer of them write less.
            db.Execute("PRAGMA wal_autocheckpoint = 4000");
            db.Execute("PRAGMA journal_size_limit = 67108864");
            db.Execute("PRAGMA cache_size = -16384");
            if (options.IsDurable)
                NativeDisk.SyncDirectory(options.Directory); // the database's own name
            return db;
        }
        catch
        {
            db.Dispose();
            throw;
        }
    }

    private async ValueTask<long> TakeIdAsync(CancellationToken ct)
    {
        long id;
        while (!_ids.TryTake(out id))
            await ChangeAsync("reserving ids", needsSpace: false, static _ => true, ct); // every transaction reserves when few are left
        return id;
    }

    private ValueTask<T> ReadAsync<T>(Func<SqliteConnection, T> read, CancellationToken ct) => _readers.ReadAsync(read, ct);

    private ValueTask<T> ChangeAsync<T>(string what, bool needsSpace, Func<WriteScope, T> apply, CancellationToken ct) =>
        _committer.RunAsync(what, needsSpace, file: 0, apply, ct);

    /// <summary>Makes a change that refers to staged bytes; what was staged goes when the change has certainly not happened.</summary>
    private async ValueTask<T> ChangeAsync<T>(string what, StagedContent content, Func<WriteScope, T> apply)
    {
        using (content)
        {
            try
            {
                // Not cancelled: whether it has happened must be known.
                return await _committer.RunAsync(what, needsSpace: true, content.File, apply, CancellationToken.None);
            }
            catch (ObjectException ex) when (ex.Error != ObjectError.Io)
            {
                content.Discard(_disk);
                throw;
            }
        }
    }
}
