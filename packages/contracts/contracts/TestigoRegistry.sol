// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Anchors} from "./registry/Anchors.sol";
import {Logs} from "./registry/Logs.sol";
import {Roles} from "./registry/Roles.sol";

/// @title Testigo registry
/// @notice What was trained on what, who answers for it, and how far each log has come. Facts are added and withdrawn,
/// never edited; there is no proxy and no upgrade.
contract TestigoRegistry is Anchors {
    /// @param admin Grants and revokes roles.
    /// @param adminDelaySeconds How long a change of administrator stands announced.
    /// @param rotationDelaySeconds_ How long a change of a log's key stands announced.
    constructor(
        address admin,
        uint48 adminDelaySeconds,
        uint64 rotationDelaySeconds_
    ) Roles(admin, adminDelaySeconds) Logs(rotationDelaySeconds_) {}

    /// @notice Publishes what an audit concluded.
    /// @param subject A record's leaf hash, a log id, a model version or a dataset root, as `kind` says.
    /// @param reportDigest The SHA-256 of the report that gives the findings.
    function publishVerdict(
        bytes32 subject,
        Subject kind,
        Outcome outcome,
        bytes32 reportDigest
    ) external onlyRole(AUDITOR_ROLE) {
        if (subject == 0 || reportDigest == 0) revert DigestIsZero();
        emit VerdictPublished(subject, outcome, msg.sender, kind, reportDigest);
    }
}
