// Made from openapi.json by `npm run generate -w tools/client-types`. Not to be edited.
export interface paths {
    "/docs": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This API as a page to read. */
        get: operations["getDocs"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/errors/{code}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What an error code means and what to do about it. */
        get: operations["explainError"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/livez": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers. */
        get: operations["getLiveness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/metrics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Prometheus metrics: counts and durations, never what was read. */
        get: operations["getMetrics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/openapi.json": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** This API as OpenAPI 3.1. */
        get: operations["getOpenApi"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/readyz": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Readings are possible: the model stands on chain and the log writes. */
        get: operations["getReadiness"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/detections": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reads the emotion of the one face in a picture, and records it. */
        post: operations["createDetection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/detections/{id}/override": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A person contradicts the model. The reading stays; the other label stands beside it. */
        post: operations["overrideDetection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/detections/{id}/review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A person's decision about a reading, with the fact it leans on. */
        post: operations["reviewDetection"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All keys, without their secrets. */
        get: operations["listKeys"];
        put?: never;
        /** Makes an API key. Its token is in this answer and nowhere else. To rotate: make one, move over, revoke the old. */
        post: operations["createKey"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/keys/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Revokes a key at once. */
        delete: operations["revokeKey"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/records/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A record as it stands in the log. Personal fields are commitments. */
        get: operations["getRecord"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/records/{id}/evidence": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The evidence bundle: all that an auditor needs to verify the record offline. */
        get: operations["getRecordEvidence"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/records/{id}/proof": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An inclusion proof against the newest checkpoint. */
        get: operations["getRecordProof"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/retention/purge": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Erases the subjects of sessions that were closed more than six months ago and are under no hold. */
        post: operations["purgeExpired"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Sessions in order of opening, page by page. */
        get: operations["listSessions"];
        put?: never;
        /** Opens a call session: purpose, legal basis, notice and roles, as a SESSION_OPEN record. */
        post: operations["openSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One session. */
        get: operations["getSession"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/close": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Closes the session with the counts of its records. */
        post: operations["closeSession"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/erasure": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Destroys the subject's key and payloads. The records stay, verify, and open to nothing. */
        post: operations["eraseSubject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Everything kept of the subject, in the clear. The EXPORT record says that and to whom it went. */
        post: operations["exportSubject"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/holds": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The legal holds of a session, released ones too. */
        get: operations["listHolds"];
        put?: never;
        /** Places a legal hold: until its release nothing of the session is erased. */
        post: operations["placeHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/holds/{hold}/release": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Releases one legal hold. */
        post: operations["releaseHold"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/records": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A session's records in sequence: a gap would be a missing record. */
        get: operations["listSessionRecords"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/whip": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Opens the session to a WebRTC sender by WHIP (RFC 9725): an SDP offer in, the answer out. */
        post: operations["openWhip"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/sessions/{id}/whip/{peerId}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends a WebRTC sender. The session stays open. */
        delete: operations["endWhip"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** All endpoints, without their secrets. */
        get: operations["listWebhooks"];
        put?: never;
        /** Registers an endpoint. Its secret is in this answer and nowhere else. */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One endpoint. */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /** Forgets an endpoint and what it is owed. */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What the endpoint was sent and is owed, oldest first; `state=dead` lists what was given up. */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/deliveries/{event}/redeliver": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tries one delivery again, with all its attempts. */
        post: operations["redeliverWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/rotate": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes a new secret. For a day both sign, so that no message is refused meanwhile. */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/v1/webhooks/{id}/test": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a webhook.test to the endpoint. */
        post: operations["testWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description How far the checkpoint over this record has come on chain. */
        Anchoring: {
            blockNumber?: number;
            chainId?: number;
            registry?: string;
            size?: number;
            /** @enum {string} */
            state: "unanchored" | "pending" | "mined" | "safe" | "finalized";
            transaction?: string;
        };
        ApiKey: {
            createdAtMs: number;
            deployer?: string;
            expiresAtMs?: number;
            id: string;
            name: string;
            revokedAtMs?: number;
            scopes: ("detect" | "sessions" | "review" | "read" | "disclose" | "rights" | "webhooks" | "admin")[];
        };
        /** @description The face in pixels of the upright picture; may reach over its edge. */
        Box: {
            height: number;
            width: number;
            x: number;
            y: number;
        };
        CreatedApiKey: {
            createdAtMs: number;
            deployer?: string;
            expiresAtMs?: number;
            id: string;
            name: string;
            revokedAtMs?: number;
            scopes: ("detect" | "sessions" | "review" | "read" | "disclose" | "rights" | "webhooks" | "admin")[];
            token: string;
        };
        CreatedWebhook: {
            createdAtMs: number;
            deployer?: string;
            /** @description Set where the receiver answered 410. */
            disabledAtMs?: number;
            events: ("session.closed" | "session.erased" | "anchoring.changed" | "standing.changed" | "webhook.test")[];
            /** @description Signs every message (Standard Webhooks, HMAC-SHA-256). Shown in this answer and nowhere else. */
            secret: string;
            url: string;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            webhookId: string;
        };
        /** @description A weak statistical signal with strong evidence. Never a lie score. */
        Detection: {
            /** @description True: more than two labels remain possible, do not quote one. */
            abstained?: boolean;
            anchoring: components["schemas"]["Anchoring"];
            box: components["schemas"]["Box"];
            /** @description C2SP signed note. */
            checkpoint: string;
            confidencePpm: number;
            /** @description Labels that remain possible at the calibrated coverage. */
            conformalSet?: string[];
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            datasetRoot: string;
            label: string;
            leafIndex: number;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            modelVersion: string;
            proof: components["schemas"]["InclusionProof"];
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordHash: string;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordId: string;
            scoresPpm: {
                [key: string]: number;
            };
            sequence: number;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            sessionId: string;
        };
        Erasure: {
            /**
             * @description Needed before six months are over.
             * @example gdpr-art-17
             */
            overridingGround?: string;
            /** @example subject-request */
            reason: string;
        };
        Export: {
            /** @example data-subject */
            recipient: string;
        };
        /** @description RFC 9162 audit path, leaf end first, in the log of `size` records. */
        InclusionProof: {
            hashes: string[];
            leafIndex: number;
            size: number;
        };
        LegalHold: {
            authority: string;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            hold: string;
            placedAtMs: number;
            releasedAtMs?: number;
        };
        NewApiKey: {
            /** @description Limits the key to this deployer's sessions. Whoever is limited to one makes keys of that one only. */
            deployer?: string;
            /** @description Milliseconds since 1970-01-01T00:00:00Z. */
            expiresAtMs?: number;
            name: string;
            scopes: ("detect" | "sessions" | "review" | "read" | "disclose" | "rights" | "webhooks" | "admin")[];
        };
        NewWebhook: {
            events: ("session.closed" | "session.erased" | "anchoring.changed" | "standing.changed" | "webhook.test")[];
            /**
             * Format: uri
             * @description https, and a public address, unless the operator allows its network.
             */
            url: string;
        };
        OpenedSession: {
            /** @description C2SP signed note. */
            checkpoint: string;
            closedAtMs?: number;
            deployer: string;
            erasedAtMs?: number;
            leafIndex: number;
            legalBasis: string;
            notice: string;
            noticeShownAtMs: number;
            openedAtMs: number;
            proof: components["schemas"]["InclusionProof"];
            purpose: string;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordId: string;
            roles: ("customer" | "employee" | "agent" | "candidate" | "student" | "bystander")[];
            /** @description Place in the session's gapless sequence. */
            sequence: number;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            sessionId: string;
            /** @enum {string} */
            state: "open" | "closed" | "erased";
            /** @enum {string} */
            subjectRole: "customer" | "employee" | "agent" | "candidate" | "student" | "bystander";
        };
        OpenSession: {
            /** @description Needed where legalBasis is consent. */
            consentGivenAtMs?: number;
            /**
             * @description Whose call it is. A key or token that is limited to a deployer names that one, or none.
             * @example example-bank
             */
            deployer?: string;
            /** @description medical or safety, and the document that says so: for people at work or in education. */
            ground?: {
                document: string;
                kind: string;
            };
            /** @example consent */
            legalBasis: string;
            /**
             * @description Which notice text the person was shown.
             * @example notice-2026-11
             */
            notice: string;
            /** @description Without it the session is refused. */
            noticeShownAtMs?: number;
            /** @example fraud-detection */
            purpose: string;
            /** @description Everybody on the call. */
            roles: ("customer" | "employee" | "agent" | "candidate" | "student" | "bystander")[];
            /** @description The client's clock. */
            sentAtMs?: number;
            /**
             * @description Who is scored.
             * @enum {string}
             */
            subjectRole: "customer" | "employee" | "agent" | "candidate" | "student" | "bystander";
        };
        Override: {
            /**
             * @description The objective fact the decision leans on, never a reading.
             * @example id-document-check-17
             */
            factReference?: string;
            label: string;
            reason: string;
            /** @description The person who decides. Recorded as a keyed pseudonym. Without one the decision is refused. */
            reviewer?: string;
        };
        Picture: {
            /** @description When the picture was taken; the arrival time if absent. */
            capturedAtMs?: number;
            /** @description JPEG, PNG or WebP bytes in base64. */
            image: string;
            /** @description The client's clock as it sent. */
            sentAtMs?: number;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            sessionId?: string;
        };
        PlacedHold: {
            authority: string;
            /** @description C2SP signed note. */
            checkpoint: string;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            hold: string;
            leafIndex: number;
            placedAtMs: number;
            proof: components["schemas"]["InclusionProof"];
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordId: string;
            releasedAtMs?: number;
        };
        PlaceHold: {
            /** @example court-of-lisbon */
            authority: string;
        };
        /** @description RFC 9457 problem details. Branch on code. */
        Problem: {
            /** @enum {string} */
            code: "bad-request" | "bad-json" | "not-found" | "method-not-allowed" | "body-too-large" | "unsupported-media-type" | "image-unsupported" | "image-too-large" | "image-unreadable" | "deployer-missing" | "session-unknown" | "session-closed" | "subject-erased" | "field-unknown" | "unauthenticated" | "issuer-unreachable" | "forbidden" | "foreign-origin" | "rate-limited" | "idempotency-mismatch" | "idempotency-busy" | "hold-unknown" | "key-unknown" | "webhook-unknown" | "webhook-target-forbidden" | "webhook-limit" | "webhook-disabled" | "delivery-unknown" | "offer-unfit" | "webrtc-unavailable" | "overloaded" | "internal" | "role-not-allowed" | "notice-missing" | "consent-missing" | "model-not-registered" | "model-revoked" | "dataset-not-approved" | "dataset-revoked" | "registry-unreachable" | "reviewer-missing" | "fact-missing" | "protected-trait" | "personal-data" | "several-faces" | "legal-hold" | "retention-period" | "clock-skew" | "no-face" | "face-too-small" | "light-unfit" | "face-blurred" | "face-turned" | "record-invalid" | "record-id-taken" | "record-too-large" | "record-unknown" | "log-range" | "log-locked" | "log-unavailable" | "log-overloaded" | "not-writer" | "writer-unknown" | "writer-lost" | "store-unavailable" | "store-version" | "log-corrupt" | "log-forked";
            detail?: string;
            errors?: {
                at: string;
                message: string;
            }[];
            recordId?: string;
            status: number;
            title: string;
            traceId?: string;
            type: string;
        } & {
            [key: string]: unknown;
        };
        ProvenRecord: {
            anchoring: components["schemas"]["Anchoring"];
            checkpoint: string;
            proof: components["schemas"]["InclusionProof"];
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordHash: string;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordId: string;
        };
        Purge: {
            limit?: number;
        };
        Readiness: {
            chain: {
                blockNumber?: number;
                lagMs?: number;
            };
            log: {
                logId: string;
                origin: string;
                size: number;
                verifierKey: string;
            };
            mayRead: boolean;
            modelVersion: string;
            ready: boolean;
            reason?: string;
            /** @description Where several replicas share a database: whether this one records, and in which term. */
            replica?: {
                /** @enum {string} */
                role: "writer" | "reader";
                term?: number;
            };
        };
        Receipt: {
            /** @description C2SP signed note. */
            checkpoint: string;
            leafIndex: number;
            proof: components["schemas"]["InclusionProof"];
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordId: string;
        };
        ReleaseHold: {
            authority: string;
        };
        Review: {
            /** @example no-action */
            decision: string;
            /**
             * @description The objective fact the decision leans on, never a reading.
             * @example id-document-check-17
             */
            factReference?: string;
            /** @description The person who decides. Recorded as a keyed pseudonym. Without one the decision is refused. */
            reviewer?: string;
        };
        RotatedWebhook: {
            previousUntilMs: number;
            /** @description Signs every message (Standard Webhooks, HMAC-SHA-256). Shown in this answer and nowhere else. */
            secret: string;
        };
        Session: {
            closedAtMs?: number;
            deployer: string;
            erasedAtMs?: number;
            legalBasis: string;
            notice: string;
            noticeShownAtMs: number;
            openedAtMs: number;
            purpose: string;
            roles: ("customer" | "employee" | "agent" | "candidate" | "student" | "bystander")[];
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            sessionId: string;
            /** @enum {string} */
            state: "open" | "closed" | "erased";
            /** @enum {string} */
            subjectRole: "customer" | "employee" | "agent" | "candidate" | "student" | "bystander";
        };
        SessionReceipt: {
            /** @description C2SP signed note. */
            checkpoint: string;
            leafIndex: number;
            proof: components["schemas"]["InclusionProof"];
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordId: string;
            /** @description Place in the session's gapless sequence. */
            sequence: number;
        };
        StoredRecord: {
            /** @description The bytes that were hashed. */
            canonical: string;
            leafIndex: number;
            record: {
                /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
                id: string;
                type: string;
                version: number;
            } & {
                [key: string]: unknown;
            };
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordHash: string;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordId: string;
        };
        SubjectData: {
            /** @description C2SP signed note. */
            checkpoint: string;
            leafIndex: number;
            proof: components["schemas"]["InclusionProof"];
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            recordId: string;
            records: {
                context?: {
                    [key: string]: unknown;
                };
                /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
                recordId: string;
                sequence: number;
                type: string;
                values?: {
                    [key: string]: string;
                };
            }[];
        };
        Webhook: {
            createdAtMs: number;
            deployer?: string;
            /** @description Set where the receiver answered 410. */
            disabledAtMs?: number;
            events: ("session.closed" | "session.erased" | "anchoring.changed" | "standing.changed" | "webhook.test")[];
            url: string;
            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            webhookId: string;
        };
        WebhookDelivery: {
            attempts: number;
            createdAtMs: number;
            /** @example msg_0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
            eventId: string;
            lastAttemptAtMs?: number;
            /** @description `status-<code>`, `redirected`, `timeout`, `unreachable` or `target-forbidden`. */
            lastOutcome?: string;
            nextAttemptAtMs?: number;
            /** @enum {string} */
            state: "waiting" | "delivered" | "dead";
            /** @enum {string} */
            type: "session.closed" | "session.erased" | "anchoring.changed" | "standing.changed" | "webhook.test";
        };
    };
    responses: never;
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    getDocs: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/html": string;
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    explainError: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                code: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The explanation. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        code: string;
                        help: string;
                        httpStatus: number;
                        title: string;
                    };
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getLiveness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Alive. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getMetrics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Text exposition format. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/plain": string;
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getOpenApi: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": string;
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getReadiness: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ready. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description Not ready; `reason` is an error code. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    createDetection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key, the request gets the first answer and happens once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Picture"];
                "multipart/form-data": {
                    /** @description When the picture was taken; the arrival time if absent. */
                    capturedAtMs?: number;
                    /** Format: binary */
                    image: string;
                    /** @description The client's clock as it sent. */
                    sentAtMs?: number;
                    /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
                    sessionId?: string;
                };
            };
        };
        responses: {
            /** @description The reading, its record and the proof that it is in the log. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Detection"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `notice-missing`: Nothing shows that the person was told, so there is no reading. `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-closed`: The session is closed. `idempotency-busy`: A request with this Idempotency-Key is still under way. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subject-erased`: The subject of this session was erased. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `image-too-large`: The picture has more pixels than this server decodes. `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `image-unsupported`: The picture is not a JPEG, PNG or WebP. `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `image-unreadable`: The picture cannot be decoded. `no-face`: No face was found, so there is no reading. `face-too-small`: The face is too small to be read. `light-unfit`: The face is too dark, too bright or without contrast. `face-blurred`: The face is blurred. `face-turned`: The face is turned or tilted too far. `several-faces`: More than one face is visible, so there is no reading. `clock-skew`: Your clock and ours differ by more than a second. `personal-data`: A public field holds what looks like personal data. `idempotency-mismatch`: The Idempotency-Key was used for another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model-not-registered`: The loaded model is not registered on chain, so there are no readings. `model-revoked`: The loaded model was revoked on chain, so there are no readings. `dataset-not-approved`: The training data of the loaded model is not approved on chain, so there are no readings. `dataset-revoked`: The training data of the loaded model was revoked on chain, so there are no readings. `registry-unreachable`: The chain cannot be asked whether the model still stands, so there are no readings. `overloaded`: Too much is asked of the service at once. `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    overrideDetection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key, the request gets the first answer and happens once. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Override"];
            };
        };
        responses: {
            /** @description Recorded. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionReceipt"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `reviewer-missing`: A decision needs a human reviewer. `fact-missing`: A decision needs an objective fact. `protected-trait`: The label names a protected trait. `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `record-unknown`: No record has this id. `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-busy`: A request with this Idempotency-Key is still under way. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subject-erased`: The subject of this session was erased. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `personal-data`: A public field holds what looks like personal data. `idempotency-mismatch`: The Idempotency-Key was used for another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    reviewDetection: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key, the request gets the first answer and happens once. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Review"];
            };
        };
        responses: {
            /** @description Recorded. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionReceipt"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `reviewer-missing`: A decision needs a human reviewer. `fact-missing`: A decision needs an objective fact. `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `record-unknown`: No record has this id. `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-busy`: A request with this Idempotency-Key is still under way. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subject-erased`: The subject of this session was erased. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `personal-data`: A public field holds what looks like personal data. `idempotency-mismatch`: The Idempotency-Key was used for another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listKeys: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The keys. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        keys: components["schemas"]["ApiKey"][];
                    };
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createKey: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewApiKey"];
            };
        };
        responses: {
            /** @description Keep the token. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedApiKey"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    revokeKey: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Revoked. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `key-unknown`: There is no such API key. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRecord: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The record and its canonical bytes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["StoredRecord"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `record-unknown`: No record has this id. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRecordEvidence: {
        parameters: {
            query?: {
                /** @description Committed fields to open, for instance label,scores. None by default. */
                disclose?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Canonical JSON (docs/spec/evidence-bundle.md). */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @constant */
                        type: "testigo.evidence";
                    } & {
                        [key: string]: unknown;
                    };
                };
            };
            /** @description `field-unknown`: The record commits to no such field. `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `record-unknown`: No record has this id. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subject-erased`: The subject of this session was erased. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getRecordProof: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Proof, checkpoint and how far it is anchored. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["ProvenRecord"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `record-unknown`: No record has this id. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    purgeExpired: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Purge"];
            };
        };
        responses: {
            /** @description What was erased. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        erased: string[];
                    };
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSessions: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before. Opaque. */
                cursor?: string;
                /** @description 50 if absent. */
                limit?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        nextCursor?: string;
                        sessions: components["schemas"]["Session"][];
                    };
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key, the request gets the first answer and happens once. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["OpenSession"];
            };
        };
        responses: {
            /** @description Open; send frames with its id. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["OpenedSession"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `role-not-allowed`: People in this role are never scored. `notice-missing`: Nothing shows that the person was told, so there is no reading. `consent-missing`: Consent is the legal basis, and nothing shows that it was given. `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-busy`: A request with this Idempotency-Key is still under way. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `deployer-missing`: The session names no deployer. `clock-skew`: Your clock and ours differ by more than a second. `personal-data`: A public field holds what looks like personal data. `idempotency-mismatch`: The Idempotency-Key was used for another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `model-not-registered`: The loaded model is not registered on chain, so there are no readings. `model-revoked`: The loaded model was revoked on chain, so there are no readings. `dataset-not-approved`: The training data of the loaded model is not approved on chain, so there are no readings. `dataset-revoked`: The training data of the loaded model was revoked on chain, so there are no readings. `registry-unreachable`: The chain cannot be asked whether the model still stands, so there are no readings. `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Session"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    closeSession: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key, the request gets the first answer and happens once. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": {
                    /** @example call-ended */
                    reason: string;
                };
            };
        };
        responses: {
            /** @description Closed. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SessionReceipt"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-closed`: The session is closed. `idempotency-busy`: A request with this Idempotency-Key is still under way. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subject-erased`: The subject of this session was erased. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `personal-data`: A public field holds what looks like personal data. `idempotency-mismatch`: The Idempotency-Key was used for another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    eraseSubject: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key, the request gets the first answer and happens once. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Erasure"];
            };
        };
        responses: {
            /** @description Erased, and the ERASURE record proves when. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `retention-period`: The logs are younger than six months. `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `legal-hold`: A legal hold forbids the erasure. `idempotency-busy`: A request with this Idempotency-Key is still under way. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subject-erased`: The subject of this session was erased. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `personal-data`: A public field holds what looks like personal data. `idempotency-mismatch`: The Idempotency-Key was used for another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    exportSubject: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["Export"];
            };
        };
        responses: {
            /** @description The subject's data. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["SubjectData"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `subject-erased`: The subject of this session was erased. */
            410: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `personal-data`: A public field holds what looks like personal data. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listHolds: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All of them. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        holds: components["schemas"]["LegalHold"][];
                    };
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    placeHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key, the request gets the first answer and happens once. */
                "Idempotency-Key"?: string;
            };
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["PlaceHold"];
            };
        };
        responses: {
            /** @description Held. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["PlacedHold"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-busy`: A request with this Idempotency-Key is still under way. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `personal-data`: A public field holds what looks like personal data. `idempotency-mismatch`: The Idempotency-Key was used for another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    releaseHold: {
        parameters: {
            query?: never;
            header?: {
                /** @description Sent again with the same key, the request gets the first answer and happens once. */
                "Idempotency-Key"?: string;
            };
            path: {
                hold: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["ReleaseHold"];
            };
        };
        responses: {
            /** @description Released. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Receipt"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. `hold-unknown`: There is no such legal hold. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `idempotency-busy`: A request with this Idempotency-Key is still under way. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `personal-data`: A public field holds what looks like personal data. `idempotency-mismatch`: The Idempotency-Key was used for another request. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `log-overloaded`: The log has more records waiting than it may hold. `log-unavailable`: The log cannot write. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listSessionRecords: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before. Opaque. */
                cursor?: string;
                /** @description 50 if absent. */
                limit?: string;
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        nextCursor?: string;
                        records: {
                            /** @example 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
                            recordId: string;
                            sequence: number;
                            type: string;
                        }[];
                    };
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    openWhip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/sdp": string;
            };
        };
        responses: {
            /** @description The SDP answer; Location names what DELETE ends. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/sdp": string;
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-unknown`: There is no such session. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `session-closed`: The session is closed. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `offer-unfit`: The offer cannot be answered. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webrtc-unavailable`: This service takes no WebRTC. */
            501: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `overloaded`: Too much is asked of the service at once. `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    endWhip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
                peerId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Ended; every frame that was accepted is on record. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `not-found`: There is nothing here. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listWebhooks: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The endpoints. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        webhooks: components["schemas"]["Webhook"][];
                    };
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            /** @description Keep the secret. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["CreatedWebhook"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. `bad-json`: The body is not JSON. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-limit`: There are as many webhook endpoints as this service keeps, or keeps for one tenant. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `body-too-large`: The body is larger than this server takes. */
            413: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unsupported-media-type`: This endpoint does not take that content type. */
            415: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-target-forbidden`: This URL may not be called. */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The endpoint. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-unknown`: There is no such webhook endpoint. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Forgotten. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-unknown`: There is no such webhook endpoint. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description `nextCursor` of the page before. Opaque. */
                cursor?: string;
                /** @description 50 if absent. */
                limit?: string;
                state?: "waiting" | "delivered" | "dead";
            };
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        deliveries: components["schemas"]["WebhookDelivery"][];
                        nextCursor?: string;
                    };
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-unknown`: There is no such webhook endpoint. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    redeliverWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                event: string;
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Queued. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-unknown`: There is no such webhook endpoint. `delivery-unknown`: There is no such delivery. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-disabled`: The webhook endpoint is disabled. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Keep the secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["RotatedWebhook"];
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-unknown`: There is no such webhook endpoint. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
    testWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Queued. */
            202: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": {
                        /** @example msg_0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f */
                        eventId: string;
                    };
                };
            };
            /** @description `bad-request`: The request is not what this endpoint takes. */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `unauthenticated`: Nothing says who you are. */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `foreign-origin`: Web pages from elsewhere are not served here. `forbidden`: You may not do this. */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-unknown`: There is no such webhook endpoint. */
            404: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `webhook-disabled`: The webhook endpoint is disabled. */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `rate-limited`: Too many requests. */
            429: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `internal`: Something failed on our side. */
            500: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
            /** @description `issuer-unreachable`: The issuer of tokens cannot be reached. `store-unavailable`: The database cannot be reached or written. `not-writer`: This replica does not write. `writer-unknown`: No replica is ready to write. `writer-lost`: The writing replica went away before it answered. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"];
                };
            };
        };
    };
}
