// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// @title What the registry says: its types, events and errors
/// @dev Every fact is an event with its query keys indexed; auditors find facts by `eth_getLogs` alone.
interface ITestigoRegistry {
    /// @notice What an audit concluded. The zero value is the one that claims nothing.
    enum Outcome {
        Inconclusive,
        Verified,
        Failed
    }

    /// @notice What a verdict is about.
    enum Subject {
        Record,
        Log,
        Model,
        Dataset
    }

    struct Dataset {
        address custodian;
        uint64 size;
        uint32 approvedAt;
        bytes32 manifestDigest;
        uint64 revokedAt;
    }

    struct Model {
        bytes32 datasetRoot;
        address publisher;
        uint48 registeredAt;
        uint48 revokedAt;
    }

    /// @dev All that an anchor reads and writes, in two slots. `key` is zero in a frozen log, so that the one
    /// comparison with the sender also refuses frozen and unknown logs. `anchoredAt` holds until 2106.
    struct Head {
        address key;
        uint64 size;
        uint32 anchoredAt;
        bytes32 root;
    }

    struct Log {
        Head head;
        bytes32 checkpointKey;
        uint64 openedAt;
        uint64 frozenAt;
        uint32 maxSilenceSeconds;
        uint64 rotations;
    }

    struct Rotation {
        address newKey;
        uint64 dueAt;
        bytes32 newCheckpointKey;
    }

    event DatasetApproved(
        bytes32 indexed datasetRoot,
        address indexed custodian,
        bytes32 indexed manifestDigest,
        uint64 size
    );
    event DatasetRevoked(bytes32 indexed datasetRoot, address indexed by, string reason);
    event ModelRegistered(bytes32 indexed modelVersion, bytes32 indexed datasetRoot, address indexed publisher);
    event ModelRevoked(bytes32 indexed modelVersion, bytes32 indexed datasetRoot, address indexed by, string reason);
    event LogOpened(
        bytes32 indexed logId,
        address indexed key,
        bytes32 checkpointKey,
        uint32 maxSilenceSeconds,
        string origin
    );
    /// @dev One a model named in the anchor, so that each is found by its own topic; one with no model and count 0
    /// where none is. What a reader can derive is left out: the dataset, which a model is registered with for good, and
    /// the size before, which is that of the log's anchor before.
    event Anchored(
        bytes32 indexed logId,
        bytes32 indexed modelVersion,
        bytes32 indexed root,
        uint64 size,
        uint32 count
    );
    event RotationScheduled(
        bytes32 indexed logId,
        address indexed newKey,
        bytes32 newCheckpointKey,
        uint64 dueAt
    );
    event RotationCancelled(bytes32 indexed logId, address indexed newKey);
    event KeyRotated(bytes32 indexed logId, address indexed oldKey, address indexed newKey, bytes32 checkpointKey);
    event LogFrozen(bytes32 indexed logId, address indexed by, string reason);
    event DetectionRecorded(
        bytes32 indexed leaf,
        bytes32 indexed modelVersion,
        bytes32 indexed datasetRoot,
        address recorder
    );
    event VerdictPublished(
        bytes32 indexed subject,
        Outcome indexed outcome,
        address indexed auditor,
        Subject kind,
        bytes32 reportDigest
    );

    error DatasetUnknown(bytes32 datasetRoot);
    error DatasetAlreadyApproved(bytes32 datasetRoot);
    error DatasetIsRevoked(bytes32 datasetRoot, uint256 revokedAt);
    error DatasetEmpty(bytes32 datasetRoot);
    error SignatureExpired(uint256 deadline);
    error SignatureInvalid(address signer);
    error ModelUnknown(bytes32 modelVersion);
    error ModelAlreadyRegistered(bytes32 modelVersion);
    error ModelIsRevoked(bytes32 modelVersion, uint256 revokedAt);
    error ModelTrainedOnOtherDataset(bytes32 modelVersion, bytes32 datasetRoot, bytes32 given);
    error NotAllowed(address caller);
    error LogUnknown(bytes32 logId);
    error LogAlreadyOpen(bytes32 logId);
    error LogIsFrozen(bytes32 logId, uint256 frozenAt);
    error NotLogKey(bytes32 logId, address caller);
    error KeyIsZero();
    error HeadWouldShrink(bytes32 logId, uint64 headSize, uint64 size);
    error HeadWouldFork(bytes32 logId, uint64 headSize, uint64 size, bytes32 root);
    error BatchMalformed(uint256 length);
    error CountsMismatch(uint256 models, uint256 counts);
    error CountIsZero(bytes32 modelVersion);
    error CountsExceedBatch(uint256 counted, uint256 added);
    error RotationPending(bytes32 logId, address newKey);
    error RotationNotPending(bytes32 logId);
    error RotationNotDue(bytes32 logId, uint256 dueAt);
    error DetectionBoundToOtherModel(bytes32 leaf, bytes32 modelVersion);
    error DigestIsZero();
    error Sha256Missing();
}
