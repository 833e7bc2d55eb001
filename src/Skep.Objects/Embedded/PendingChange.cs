using Skep.Objects.Disk;

namespace Skep.Objects.Embedded;

/// <summary>A change that waits for its transaction.</summary>
internal abstract class PendingChange(string what, bool needsSpace, long file)
{
    /// <summary>Names the change in failures.</summary>
    public string What => what;

    /// <summary>Whether it is refused when the disk is nearly full.</summary>
    public bool NeedsSpace => needsSpace;

    /// <summary>The published data file that it refers to; 0 for none.</summary>
    public long File => file;

    /// <summary>Why it failed when it was last applied.</summary>
    public Exception? Failure { get; protected set; }

    /// <summary>Whether its caller has an answer.</summary>
    public bool IsAnswered { get; protected set; }

    /// <summary>Decides and writes, within a transaction. What comes of it is kept until the transaction has committed.</summary>
    public abstract void Apply(WriteScope scope);

    /// <summary>Tells the caller what came of it.</summary>
    public abstract void Answer();

    /// <summary>Tells the caller that it failed.</summary>
    public void Fail(ObjectException failure)
    {
        if (IsAnswered)
            return;
        Failure = failure;
        Answer();
    }
}

/// <summary>A change with its result.</summary>
internal sealed class PendingChange<T>(string what, bool needsSpace, long file, Func<WriteScope, T> apply) : PendingChange(what, needsSpace, file)
{
    // The committer's thread must not run what its callers do next.
    private readonly TaskCompletionSource<T> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private T? _result;

    /// <summary>Completes when the transaction has committed.</summary>
    public Task<T> Done => _done.Task;

    public override void Apply(WriteScope scope)
    {
        try
        {
            Failure = null;
            _result = apply(scope);
        }
        catch (Exception ex)
        {
            Failure = ex;
        }
    }

    public override void Answer()
    {
        IsAnswered = true;
        if (Failure is null)
            _done.SetResult(_result!);
        else
            _done.SetException(Failure is IOException ? DiskErrors.Translate(Failure, What) : Failure);
    }
}
