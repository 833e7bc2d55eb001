using Skep.Core.Hosting;
using Skep.Core.Identity;
using Skep.Objects;
using Skep.S3.Access;
using Skep.S3.Encryption;
using Skep.S3.Lifecycle;
using Skep.S3.Logging;
using Skep.S3.Notifications;
using Skep.S3.Objects;
using Skep.S3.Policies;

namespace Skep.S3;

/// <summary>What operations work with.</summary>
/// <param name="Store">The objects.</param>
/// <param name="Accounts">Who owners are.</param>
/// <param name="Authorization">What callers may do, for operations that touch more than the request addresses.</param>
/// <param name="Policies">Buckets' policies.</param>
/// <param name="Encryption">How objects are encrypted.</param>
/// <param name="Lifecycle">Buckets' lifecycle rules.</param>
/// <param name="Events">Who is told what happens to objects.</param>
/// <param name="Logs">Buckets' access logs.</param>
/// <param name="LargePieces">How many objects are sent in large pieces.</param>
/// <param name="Verifier">Checks signatures that are not in a request's head.</param>
/// <param name="Time">The clock.</param>
/// <param name="Options">What the daemon was told.</param>
/// <param name="S3">What it was told of S3.</param>
internal sealed record S3Services(IObjectBackend Store, S3Accounts Accounts, S3Authorization Authorization, BucketPolicies Policies, ObjectEncryptor Encryption, LifecycleSettings Lifecycle, S3EventPublisher Events, AccessLogs Logs, LargePieces LargePieces, SigV4Verifier Verifier, TimeProvider Time, SkepOptions Options, S3Options S3);
