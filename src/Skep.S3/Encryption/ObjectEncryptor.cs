using System.Text.Json;
using Skep.Objects;
using Skep.S3.Documents;
using Skep.S3.Errors;
using Skep.S3.Requests;

namespace Skep.S3.Encryption;

/// <summary>
/// Decides how requests' objects are encrypted, and finds the keys of those that are: the one place that operations ask. The
/// store encrypts and decrypts the bytes, once, on their way to and from the disk.
/// </summary>
internal sealed class ObjectEncryptor(ObjectStoreHost store, DataKeys dataKeys, KmsKeys kmsKeys)
{
    /// <summary>How the object that a request makes is encrypted: as its headers say, else as its bucket says.</summary>
    /// <exception cref="S3Exception">The headers contradict each other, or name a key that cannot be used.</exception>
    public async ValueTask<WriteEncryption> DecideAsync(S3Call call, CancellationToken ct)
    {
        var bucket = await BucketEncryption.FindAsync(store.Backend, call.Bucket, ct);
        if (CustomerKey.Read(call, EncryptionHeaders.Customer) is { } customer)
        {
            if (call.HeadersWith(EncryptionHeaders.Algorithm).FirstOrDefault(h => !h.Name.StartsWith(EncryptionHeaders.Customer, StringComparison.Ordinal)) is { Name: not null } other)
                throw S3Errors.InvalidArgument(other.Name, other.Value, "Server Side Encryption with Customer provided key is incompatible with the encryption method specified");
            if (bucket.BlocksCustomerKeys)
                throw S3Errors.AccessDenied("the bucket's encryption configuration blocks SSE-C");
            return new WriteEncryption(customer.Describe(), customer.Key, customer);
        }

        if (Wanted(call, bucket) is not { } wanted)
            return WriteEncryption.None;
        var (key, encryption) = dataKeys.Create(wanted, OwnerOf(call));
        return new WriteEncryption(encryption, key, Customer: null);
    }

    /// <summary>The key of a part: that of the upload, which a customer sends again.</summary>
    /// <exception cref="S3Exception">The customer's key is missing or another, or is sent for an upload that has none.</exception>
    public WriteEncryption OfPart(S3Call call, UploadInfo upload)
    {
        var encryption = ObjectEncryption.Decode(upload.Metadata.Encryption);
        EncryptionHeaders.RefuseOther(call, encryption);
        var customer = CustomerKey.Read(call, EncryptionHeaders.Customer);
        if (encryption is { Algorithm: ObjectEncryption.Customer } && customer is null)
            throw S3Errors.InvalidRequest("The multipart upload initiate requested encryption. Subsequent part requests must include the appropriate encryption parameters.");
        return new WriteEncryption(encryption, Open(encryption, customer, OwnerOf(call)), customer);
    }

    /// <summary>The key of an object that is read; null when it is not encrypted.</summary>
    /// <param name="call">The request.</param>
    /// <param name="metadata">What is stored beside the object.</param>
    /// <param name="owner">The object.</param>
    /// <param name="customerPrefix">The beginning of the names of the customer's key's headers.</param>
    /// <exception cref="S3Exception">The customer's key is missing or another, or is sent for an object that has none, or the KMS key cannot be used.</exception>
    public ReadOnlyMemory<byte>? OpenForRead(S3Call call, ObjectMetadata metadata, ObjectAddress owner, string customerPrefix)
    {
        var encryption = ObjectEncryption.Decode(metadata.Encryption);
        var customer = CustomerKey.Read(call, customerPrefix);
        if (encryption is { Algorithm: ObjectEncryption.Customer } && customer is null)
            throw S3Errors.InvalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.");
        return Open(encryption, customer, owner);
    }

    /// <summary>Requires what a request that shows an object, but not its bytes, needs of a customer's key, and says how it is encrypted.</summary>
    /// <exception cref="S3Exception">The customer's key is missing or another, or is sent for an object that has none.</exception>
    public static void Show(S3Call call, ObjectMetadata metadata)
    {
        EncryptionHeaders.Refuse(call);
        var encryption = ObjectEncryption.Decode(metadata.Encryption);
        var customer = CustomerKey.Read(call, EncryptionHeaders.Customer);
        if (encryption is { Algorithm: ObjectEncryption.Customer } && customer is null)
            throw S3Errors.InvalidRequest("The object was stored using a form of Server Side Encryption. The correct parameters must be provided to retrieve the object.");
        RequireApplicable(encryption, customer);
        EncryptionHeaders.Write(call.Response.Headers, encryption, customer);
    }

    /// <summary>What is kept of a copy that shares its source's bytes: its data key, wrapped for the copy.</summary>
    /// <exception cref="ObjectException">PreconditionFailed: the source is encrypted otherwise than it was when that was decided.</exception>
    public ReadOnlyMemory<byte> Share(ObjectVersion source, ObjectAddress sourceOwner, WriteEncryption target, ObjectAddress owner)
    {
        var encryption = ObjectEncryption.Decode(source.Metadata.Encryption);
        if (!target.CanShare(encryption))
            throw new ObjectException(ObjectError.PreconditionFailed, $"{sourceOwner} was replaced while it was copied");
        return encryption is null ? ReadOnlyMemory<byte>.Empty : dataKeys.Wrap(dataKeys.Unwrap(encryption, sourceOwner), target.Encryption!, owner).Encode();
    }

    private ReadOnlyMemory<byte>? Open(ObjectEncryption? encryption, CustomerKey? customer, ObjectAddress owner)
    {
        RequireApplicable(encryption, customer);
        if (customer is not null)
            return customer.Key;
        if (encryption is null)
            return null;
        if (encryption.KmsKeyId is { } arn)
            kmsKeys.RequireUsable(arn);
        return dataKeys.Unwrap(encryption, owner);
    }

    private static void RequireApplicable(ObjectEncryption? encryption, CustomerKey? customer)
    {
        if (customer is null)
            return;
        if (encryption is not { Algorithm: ObjectEncryption.Customer })
            throw S3Errors.InvalidRequest("The encryption parameters are not applicable to this object.");
        customer.RequireFor(encryption);
    }

    private ObjectEncryption? Wanted(S3Call call, BucketEncryption bucket)
    {
        var kmsKey = call.Header(EncryptionHeaders.KmsKeyId);
        var context = ReadContext(call);
        var hasBucketKey = ReadBucketKey(call);
        switch (call.Header(EncryptionHeaders.Algorithm))
        {
            case null when kmsKey is null && context is null:
                return bucket.Algorithm switch
                {
                    ObjectEncryption.Kms => Kms(call, bucket.KmsKeyId, context: null, hasBucketKey ?? bucket.BucketKeyEnabled),
                    { } algorithm => new ObjectEncryption { Algorithm = algorithm },
                    null => null,
                };
            case ObjectEncryption.S3 when kmsKey is null && context is null:
                return new ObjectEncryption { Algorithm = ObjectEncryption.S3 };
            case null or ObjectEncryption.S3:
                throw S3Errors.InvalidArgument(EncryptionHeaders.Algorithm, call.Header(EncryptionHeaders.Algorithm) ?? "null", "Server Side Encryption with AWS KMS managed key requires HTTP header x-amz-server-side-encryption : aws:kms");
            case ObjectEncryption.Kms:
                var isDefault = bucket.Algorithm == ObjectEncryption.Kms;
                return Kms(call, kmsKey ?? (isDefault ? bucket.KmsKeyId : null), context, hasBucketKey ?? (isDefault && bucket.BucketKeyEnabled));
            case "aws:kms:dsse":
                throw S3Errors.NotImplementedHeader(EncryptionHeaders.Algorithm);
            case var other:
                throw S3Errors.InvalidArgument(EncryptionHeaders.Algorithm, other, "The encryption method specified is not supported");
        }
    }

    private ObjectEncryption Kms(S3Call call, string? name, string? context, bool hasBucketKey)
    {
        var owner = call.BucketInfo.Owner;
        var caller = call.Caller.AccountId is { Length: > 0 } account ? account : owner;
        var arn = name is null ? kmsKeys.DefaultOf(caller) : kmsKeys.Require(name, caller, owner);
        return new ObjectEncryption { Algorithm = ObjectEncryption.Kms, KmsKeyId = arn, Context = context, BucketKeyEnabled = hasBucketKey };
    }

    private static string? ReadContext(S3Call call)
    {
        if (call.Header(EncryptionHeaders.Context) is not { } text)
            return null;
        try
        {
            var bytes = Convert.FromBase64String(text);
            using var json = JsonDocument.Parse(bytes);
            if (json.RootElement.ValueKind is JsonValueKind.Object && json.RootElement.EnumerateObject().All(p => p.Value.ValueKind is JsonValueKind.String))
                return Convert.ToBase64String(bytes); // without blanks: wrapped keys are bound to it
        }
        catch (Exception ex) when (ex is FormatException or JsonException)
        {
            // As it is told below.
        }

        throw S3Errors.InvalidArgument(EncryptionHeaders.Context, text, "The header x-amz-server-side-encryption-context must be base64 of a JSON object of texts");
    }

    private static bool? ReadBucketKey(S3Call call) => call.Header(EncryptionHeaders.BucketKeyEnabled)?.ToLowerInvariant() switch
    {
        null => null,
        "true" => true,
        "false" => false,
        var other => throw S3Errors.InvalidArgument(EncryptionHeaders.BucketKeyEnabled, other, "The header must be true or false"),
    };

    private static ObjectAddress OwnerOf(S3Call call) => new(call.Bucket, call.Key);
}
