namespace Skep.Core.Observability;

/// <summary>
/// Appends lines to a file and puts it aside when it is large. Each line is one write, so a crash loses none that was
/// given. A failing disk loses lines, not callers. Thread-safe.
/// </summary>
public sealed class RotatingFile : IDisposable
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly Lock _lock = new();
    private readonly string _path;
    private readonly long _sizeMaxBytes;
    private readonly int _filesKept;
    private FileStream? _file;
    private long _linesLost;
    private bool _isDisposed;

    /// <summary>Opens or makes the file; it is readable by its owner alone.</summary>
    public RotatingFile(string path, long sizeMaxBytes, int filesKept)
    {
        (_path, _sizeMaxBytes, _filesKept) = (path, sizeMaxBytes, filesKept);
        _file = Open();
    }

    /// <summary>Lines that could not be written.</summary>
    public long LinesLost => Interlocked.Read(ref _linesLost);

    /// <summary>Appends a line, which brings its own line feed.</summary>
    public void Write(ReadOnlySpan<byte> line)
    {
        lock (_lock)
        {
            if (_isDisposed)
                return;
            try
            {
                if (_file is { } full && full.Position > 0 && full.Position + line.Length > _sizeMaxBytes)
                    Rotate();
                (_file ??= Open()).Write(line);
            }
            catch (Exception ex) when (ex is IOException or UnauthorizedAccessException)
            {
                // Whoever logs has better things to do than to handle a full disk here.
                Interlocked.Increment(ref _linesLost);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _file?.Dispose();
        }
    }

    private FileStream Open()
    {
        var file = new FileStream(_path, new FileStreamOptions
        {
            Mode = FileMode.OpenOrCreate,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            BufferSize = 0,
            UnixCreateMode = OwnerOnly,
        });
        file.Seek(0, SeekOrigin.End);
        return file;
    }

    private void Rotate()
    {
        _file?.Dispose();
        _file = null;
        File.Delete($"{_path}.{_filesKept}");
        for (var i = _filesKept - 1; i >= 1; i--)
        {
            if (File.Exists($"{_path}.{i}"))
                File.Move($"{_path}.{i}", $"{_path}.{i + 1}", overwrite: true);
        }

        if (_filesKept > 0)
            File.Move(_path, $"{_path}.1", overwrite: true);
        else
            File.Delete(_path);
        _file = Open();
    }
}
